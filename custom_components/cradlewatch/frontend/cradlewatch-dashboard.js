/**
 * The dashboard "Cradlewatch": a view for each crib, made of Home Assistant's own cards from whatever is there now.
 * Chosen under Settings > Dashboards > Add dashboard. Nothing to configure, nothing to keep up to date.
 */

const DOMAIN = "cradlewatch";

const TEXTS = {
  en: {
    description: "Picture, state and history of each crib",
    happened: "What happened",
    works: "How well it works",
    ai: "AI of this home",
    privacy: "Camera off",
    watch: "Camera on",
    privacy_question: "Turn the camera off? Nothing is watched until it is on again.",
    not_medical: "Not a medical device. *Unknown* means unknown, never safe.",
    none: "No crib yet: *Settings*, *Devices & services*, *Cradlewatch*, *Add crib*.",
  },
  ko: {
    description: "아기 침대마다 화면, 상태, 기록",
    happened: "있었던 일",
    works: "얼마나 잘 살피고 있나",
    ai: "이 집의 AI",
    privacy: "카메라 끄기",
    watch: "카메라 켜기",
    privacy_question: "카메라를 끌까요? 다시 켤 때까지 아무것도 살피지 않습니다.",
    not_medical: "의료기기가 아닙니다. *알 수 없음*은 안전하다는 뜻이 아닙니다.",
    none: "아직 아기 침대가 없습니다: *설정*, *기기 및 서비스*, *Cradlewatch*, *아기 침대 추가*.",
  },
};

const textsOf = (language) => TEXTS[(language || "").startsWith("ko") ? "ko" : "en"];

/** Entity ids of one device by their key, without those that are hidden. */
const entitiesOf = (hass, deviceId) => {
  const found = {};
  for (const row of Object.values(hass.entities)) {
    if (row.platform === DOMAIN && row.device_id === deviceId && !row.hidden) {
      found[`${row.entity_id.split(".")[0]}.${row.translation_key}`] = row.entity_id;
    }
  }
  return found;
};

const heading = (text, icon) => ({ type: "heading", heading: text, icon });

/** A tile for each key that is there; what is disabled or not offered leaves no gap. */
const tiles = (ids, ...keys) =>
  keys
    .map((key) => (Array.isArray(key) ? key : [key, {}]))
    .filter(([key]) => ids[key])
    // The heading says whose it is already.
    .map(([key, more]) => ({ type: "tile", entity: ids[key], name: { type: "entity" }, ...more }));

const picture = (entity, more) =>
  entity ? [{ type: "picture-entity", entity, show_name: false, show_state: false, ...more }] : [];

const cameraButton = (camera, action, name, icon, confirmation) => {
  const tap = { action: "perform-action", perform_action: `camera.${action}`, target: { entity_id: camera } };
  const asked = confirmation ? { ...tap, confirmation: { text: confirmation } } : tap;
  return { type: "tile", entity: camera, name, icon, hide_state: true, tap_action: asked, icon_tap_action: asked };
};

const now = (ids, name) => [
  heading(name, "mdi:baby-face-outline"),
  ...picture(ids["camera.camera"], { camera_view: "live" }),
  ...(ids["button.attention_seen"]
    ? tiles(ids, [
        "button.attention_seen",
        {
          hide_state: true,
          color: "red",
          grid_options: { columns: 12 },
          visibility: [{ condition: "state", entity: ids["binary_sensor.attention"], state: "on" }],
        },
      ])
    : []),
  ...tiles(
    ids,
    // Unknown is of no use without its reason.
    ["sensor.safety", { grid_options: { columns: 12 }, state_content: ["state", "reason"] }],
    "binary_sensor.attention",
    "sensor.sleep",
    "sensor.activity",
    "binary_sensor.crying",
    "binary_sensor.occupancy",
    "binary_sensor.connectivity",
    ["sensor.monitoring_confidence", { grid_options: { columns: 12 }, state_content: ["state", "reason"] }],
  ),
];

const happened = (ids, texts, dark) => [
  heading(texts.happened, "mdi:timeline-text-outline"),
  ...tiles(ids, ["sensor.last_event_title", { grid_options: { columns: 12 } }]),
  ...picture(ids["image.last_event"]),
  ...(ids["event.event"]
    ? [
        {
          type: "logbook",
          target: { entity_id: [ids["event.event"]] },
          hours_to_show: 24,
          grid_options: { columns: 12, rows: 6 },
        },
      ]
    : []),
  ...tiles(ids, "sensor.report", "sensor.sleep_today", "sensor.daily_digest"),
  ...picture(ids[dark ? "image.report_dark" : "image.report"] ?? ids["image.report"]),
];

const works = (ids, home, texts) => [
  heading(texts.works, "mdi:heart-pulse"),
  ...(ids["sensor.activity_level"]
    ? [{ type: "history-graph", hours_to_show: 12, entities: [{ entity: ids["sensor.activity_level"] }] }]
    : []),
  ...tiles(
    ids,
    "sensor.frame_rate",
    "sensor.frame_lag",
    "switch.ai",
    ["button.check_now", { hide_state: true }],
    ["button.report_now", { hide_state: true }],
    ["button.test_alert", { hide_state: true }],
  ),
  ...(ids["camera.camera"]
    ? [
        cameraButton(ids["camera.camera"], "turn_off", texts.privacy, "mdi:eye-off-outline", texts.privacy_question),
        cameraButton(ids["camera.camera"], "turn_on", texts.watch, "mdi:eye-outline"),
      ]
    : []),
  heading(texts.ai, "mdi:brain"),
  ...tiles(home, "sensor.ai_status", "sensor.ai_calls_today", "sensor.ai_cost_today"),
  { type: "markdown", content: texts.not_medical, text_only: true, grid_options: { columns: 12 } },
];

const grid = (cards) => ({ type: "grid", cards });

class CradlewatchDashboard extends HTMLElement {
  /** `config` is what the dashboard's YAML says beside `type`: nothing is needed. */
  static async generate(_config, hass) {
    const texts = textsOf(hass.locale?.language ?? hass.language);
    const devices = Object.values(hass.devices);
    const all = devices.map((device) => ({ device, ids: entitiesOf(hass, device.id) }));
    const cribs = all.filter(({ ids }) => ids["camera.camera"]);
    const home = all.find(({ ids }) => ids["sensor.ai_status"])?.ids ?? {};
    if (!cribs.length) {
      return { views: [{ title: "Cradlewatch", cards: [{ type: "markdown", content: texts.none }] }] };
    }
    return {
      views: cribs.map(({ device, ids }) => {
        const name = device.name_by_user || device.name;
        return {
          title: name,
          path: device.id,
          icon: "mdi:baby-face-outline",
          type: "sections",
          max_columns: 3,
          sections: [grid(now(ids, name)), grid(happened(ids, texts, hass.themes?.darkMode)), grid(works(ids, home, texts))],
        };
      }),
    };
  }
}

const register = () => {
  if (customElements.get("ll-strategy-dashboard-cradlewatch")) return;
  customElements.define("ll-strategy-dashboard-cradlewatch", CradlewatchDashboard);
  window.customStrategies = window.customStrategies || [];
  window.customStrategies.push({
    type: DOMAIN,
    strategyType: "dashboard",
    name: "Cradlewatch",
    description: textsOf(navigator.language).description,
  });
};

// The frontend puts another registry of elements in place while it loads: what was defined before is not found in it.
customElements.whenDefined("home-assistant").then(register);
