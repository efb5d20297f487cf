package daemon

import (
	"runtime/debug"
	"testing"
)

func TestVersionIsThatOfTheBuild(t *testing.T) {
	t.Parallel()
	const revision, pseudo = "e263e77fc77c7d110acb895f904c8a98155263bf", "v0.0.0-20261129215719-e263e77fc77c"
	stamp := func(version, modified string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: []debug.BuildSetting{
			{Key: "vcs", Value: "git"},
			{Key: "vcs.revision", Value: revision},
			{Key: "vcs.time", Value: "2026-11-29T21:57:19Z"},
			{Key: "vcs.modified", Value: modified},
		}}
	}
	for name, tt := range map[string]struct {
		set           string
		info          *debug.BuildInfo
		version, text string
	}{
		"between releases": {
			info: stamp(pseudo, "false"), version: pseudo,
			text: pseudo + " (of 2026-11-29T21:57:19Z)",
		},
		"a changed work tree": {
			info: stamp(pseudo+"+dirty", "true"), version: pseudo + "+dirty",
			text: pseudo + "+dirty (of 2026-11-29T21:57:19Z, modified)",
		},
		"a tag": {
			info: stamp("v0.3.0", "false"), version: "v0.3.0",
			text: "v0.3.0 (revision e263e77fc77c, of 2026-11-29T21:57:19Z)",
		},
		"installed by its module's version": {
			info:    &debug.BuildInfo{Main: debug.Module{Version: "v0.3.0"}},
			version: "v0.3.0", text: "v0.3.0",
		},
		"a stamp without a version": {
			info: stamp("(devel)", "true"), version: "dev-e263e77fc77c+dirty",
			text: "dev-e263e77fc77c+dirty (of 2026-11-29T21:57:19Z, modified)",
		},
		"set by the linker": {
			set: "0.1.0", info: stamp(pseudo, "false"), version: "0.1.0",
			text: "0.1.0 (revision e263e77fc77c, of 2026-11-29T21:57:19Z)",
		},
		"set to nothing": {
			set: " ", info: stamp("v0.3.0", "false"), version: "v0.3.0",
			text: "v0.3.0 (revision e263e77fc77c, of 2026-11-29T21:57:19Z)",
		},
		"set to more than a word": {set: "1.0\r\nX: y", version: "1.0__X__y", text: "1.0__X__y"},
		"without a stamp": {
			info: &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, version: "dev",
			text: "dev",
		},
		"without anything": {version: "dev", text: "dev"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if b := buildOf(tt.set, tt.info); b.Version != tt.version || b.String() != tt.text {
				t.Errorf("version %q, %q\nwant    %q, %q", b.Version, b, tt.version, tt.text)
			}
		})
	}
}
