package made

import (
	"fmt"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/v2/util"

	"momento-bridge/test/helm/render"
)

// Pack writes the chart of a release into a directory, as helm package does: the chart's version is the release's, its
// appVersion, which is the image's tag, the release's tag. The same files at the same time make the same bytes. It
// returns the file's path.
func Pack(top, tag, dir string, when time.Time) (string, error) {
	version, ok := strings.CutPrefix(tag, "v")
	if !ok {
		return "", fmt.Errorf("%q is no tag of a release, such as v1.2.3", tag)
	}
	c, err := render.Load(top)
	if err != nil {
		return "", err
	}
	c.Metadata.Version, c.Metadata.AppVersion = version, tag
	c.ModTime, c.SchemaModTime = when, when
	for _, f := range c.Raw {
		f.ModTime = when
	}
	for _, f := range c.Templates {
		f.ModTime = when
	}
	for _, f := range c.Files {
		f.ModTime = when
	}
	file, err := util.Save(c, dir)
	if err != nil {
		return "", fmt.Errorf("pack the chart: %w", err)
	}
	return file, nil
}
