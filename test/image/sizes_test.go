package image

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"testing"
)

// What an image may cost, in MB of a million bytes: to pull, as registries keep it, and on disk.
func TestTheImageIsSmall(t *testing.T) {
	for _, c := range []struct {
		image        string
		pulled, disk float64
	}{
		{image(t), 16, 39},
		{slim(t), 12, 29},
	} {
		pulled, disk := megabytes(compressed(t, c.image)), megabytes(unpacked(t, c.image))
		t.Logf("%s: %.1f MB to pull, %.1f MB on disk", c.image, pulled, disk)
		if pulled > c.pulled || disk > c.disk {
			t.Errorf("%s may have %.0f MB to pull and %.0f MB on disk", c.image, c.pulled, c.disk)
		}
	}
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// compressed is the size of an image as it is pushed: its manifest, configuration and layers.
func compressed(t *testing.T, image string) (sum int64) {
	t.Helper()
	dir, err := rig.Scratch("pushed")
	ok(t, err)
	must(t, "buildah", "push", "--quiet", image, "oci:"+dir+":latest")
	return size(t, filepath.Join(dir, "blobs"))
}

// unpacked is the size of an image's files.
func unpacked(t *testing.T, image string) int64 {
	t.Helper()
	return size(t, mount(t, image))
}

func size(t *testing.T, dir string) (sum int64) {
	t.Helper()
	ok(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	}))
	return sum
}

// manifest is what a list of images says of each.
type manifest struct {
	Manifests []struct {
		Digest   string
		Platform struct{ Architecture, OS string }
	}
}

func readManifest(t *testing.T, list string) (m manifest) {
	t.Helper()
	ok(t, json.Unmarshal([]byte(must(t, "buildah", "manifest", "inspect", list)), &m))
	return m
}
