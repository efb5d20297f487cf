package admin

// Reloaded is what a reload of the configuration has done. A configuration with problems changes nothing, and is an
// error instead.
type Reloaded struct {
	Added   []string `json:"added"`   // Routes that have begun,
	Removed []string `json:"removed"` // that have ended,
	Changed []string `json:"changed"` // and that go on with other settings.
	Limits  bool     `json:"limits"`  // Limits, weights or ceilings are others.
	// Restart are settings that are others in the configuration and take effect when the daemon is restarted.
	Restart []string `json:"restart"`
}
