"""Ten-minute windows: their bounds on the clock, the clip made as frames pass, and the report of each."""
