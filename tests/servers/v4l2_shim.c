/* A USB camera that is none: loaded into a process with LD_PRELOAD, it answers for one path as a V4L2 driver would.

   SHIM_PATH: the device; it is plugged in as long as something lies there. SHIM_FRAMES: a folder with 000.jpg, 001.jpg...
   SHIM_NODE: "pictures", or "metadata" for the second node that UVC cameras have. MJPEG, 640x360, 15 a second. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BUFFERS 8
#define BUFFER_BYTES (1 << 20)
#define RATE 15

static struct {
  int fd, first, queued, frame;
  int queue[BUFFERS];
  unsigned char *memory;
} camera = {.fd = -1};

static int plugged(void) { return access(getenv("SHIM_PATH"), F_OK) == 0; }

static int fail(int error) {
  errno = error;
  return -1;
}

static int open_camera(void) {
  int fd = memfd_create("camera", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, BUFFERS * BUFFER_BYTES)) return -1;
  if (camera.memory) munmap(camera.memory, BUFFERS * BUFFER_BYTES);
  camera.memory = mmap(NULL, BUFFERS * BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  camera.fd = fd;
  camera.first = camera.queued = 0;
  return fd;
}

static int is_node(const char *kind) { return strcmp(getenv("SHIM_NODE"), kind) == 0; }

static int opened(const char *name, const char *path, int flags, mode_t mode) {
  const char *ours = getenv("SHIM_PATH");
  if (ours && strcmp(path, ours) == 0 && plugged()) return is_node("forbidden") ? fail(EACCES) : open_camera();
  int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
  return real(path, flags, mode);
}

#define OPEN(name)                                   \
  int name(const char *path, int flags, ...) {       \
    va_list rest;                                    \
    va_start(rest, flags);                           \
    mode_t mode = va_arg(rest, mode_t);              \
    va_end(rest);                                    \
    return opened(#name, path, flags, mode);         \
  }
OPEN(open)
OPEN(open64)

int close(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "close");
  if (fd == camera.fd) camera.fd = -1;
  return real(fd);
}

static int capabilities(struct v4l2_capability *answer) {
  memset(answer, 0, sizeof *answer);
  strcpy((char *)answer->driver, "shim");
  strcpy((char *)answer->card, "A camera that is none");
  answer->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_DEVICE_CAPS;
  answer->device_caps = (is_node("metadata") ? V4L2_CAP_META_CAPTURE : V4L2_CAP_VIDEO_CAPTURE) | V4L2_CAP_STREAMING;
  return 0;
}

static int format(struct v4l2_format *wish, int set) {
  if (set && wish->fmt.pix.pixelformat != V4L2_PIX_FMT_MJPEG) return fail(EINVAL);
  wish->fmt.pix.width = 640;
  wish->fmt.pix.height = 360;
  wish->fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
  wish->fmt.pix.field = V4L2_FIELD_NONE;
  wish->fmt.pix.sizeimage = BUFFER_BYTES;
  return 0;
}

static int describe(struct v4l2_buffer *buffer) {
  buffer->length = BUFFER_BYTES;
  buffer->m.offset = buffer->index * BUFFER_BYTES;
  return 0;
}

static int take_picture(struct v4l2_buffer *buffer) {
  struct timespec frame = {.tv_nsec = 1000000000 / RATE}, now;
  nanosleep(&frame, NULL);
  if (!plugged()) return fail(ENODEV);
  if (!camera.queued) return fail(EAGAIN);
  int index = camera.queue[camera.first];
  camera.first = (camera.first + 1) % BUFFERS;
  camera.queued--;
  char path[512];
  snprintf(path, sizeof path, "%s/%03d.jpg", getenv("SHIM_FRAMES"), camera.frame++ % 30);
  FILE *file = fopen(path, "rb");
  if (!file) return fail(EIO);
  buffer->bytesused = fread(camera.memory + index * BUFFER_BYTES, 1, BUFFER_BYTES, file);
  fclose(file);
  clock_gettime(CLOCK_MONOTONIC, &now);
  buffer->index = index;
  buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
  buffer->timestamp.tv_sec = now.tv_sec;
  buffer->timestamp.tv_usec = now.tv_nsec / 1000;
  return describe(buffer);
}

static int answer(unsigned long request, void *value) {
  struct v4l2_buffer *buffer = value;
  switch (request) {
    case VIDIOC_QUERYCAP: return capabilities(value);
    case VIDIOC_G_INPUT: return *(int *)value = 0;
    case VIDIOC_ENUMINPUT: ((struct v4l2_input *)value)->std = 0; return 0;
    case VIDIOC_G_FMT: return format(value, 0);
    case VIDIOC_S_FMT: case VIDIOC_TRY_FMT: return format(value, 1);
    case VIDIOC_G_PARM: case VIDIOC_S_PARM: {
      struct v4l2_captureparm *rate = &((struct v4l2_streamparm *)value)->parm.capture;  /* codespell:ignore parm */
      rate->capability = V4L2_CAP_TIMEPERFRAME;
      rate->timeperframe = (struct v4l2_fract){1, RATE};
      return 0;
    }
    case VIDIOC_REQBUFS:
      /* As the kernel while another program has the buffers. */
      if (is_node("busy")) return fail(EBUSY);
      ((struct v4l2_requestbuffers *)value)->count = BUFFERS;
      return 0;
    case VIDIOC_QUERYBUF: return describe(buffer);
    case VIDIOC_QBUF:
      camera.queue[(camera.first + camera.queued++) % BUFFERS] = buffer->index;
      return 0;
    case VIDIOC_DQBUF: return take_picture(buffer);
    case VIDIOC_STREAMON: case VIDIOC_STREAMOFF: return 0;
    default: return fail(ENOTTY);
  }
}

int ioctl(int fd, unsigned long request, ...) {
  va_list rest;
  va_start(rest, request);
  void *value = va_arg(rest, void *);
  va_end(rest);
  if (fd == camera.fd && fd >= 0) return plugged() ? answer((unsigned int)request, value) : fail(ENODEV);
  int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
  return real(fd, request, value);
}
