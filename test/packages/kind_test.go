package packages

import "testing"

// kind is a kind of package with the commands of its package manager. FILE stands for the package's path.
type kind struct {
	name       string
	install    []string
	upgrade    []string
	downgrade  []string
	again      []string // The same version.
	remove     []string
	newDefault string // Where the new default configuration is, beside one that was edited.
}

var kinds = []kind{
	{
		name:       "deb",
		install:    []string{"dpkg", "--install", "FILE"},
		upgrade:    []string{"dpkg", "--force-confold", "--install", "FILE"}, // Without it dpkg asks.
		downgrade:  []string{"dpkg", "--force-confold", "--install", "FILE"},
		again:      []string{"dpkg", "--force-confold", "--install", "FILE"},
		remove:     []string{"dpkg", "--remove", "momento-bridge"},
		newDefault: "/etc/momento-bridge/config.yaml.dpkg-dist",
	},
	{ // Debian's rpm knows of none of Debian's packages, such as the shell for the scripts.
		name:       "rpm",
		install:    []string{"rpm", "--nodeps", "--install", "FILE"},
		upgrade:    []string{"rpm", "--nodeps", "--upgrade", "FILE"},
		downgrade:  []string{"rpm", "--nodeps", "--upgrade", "--oldpackage", "FILE"},
		again:      []string{"rpm", "--nodeps", "--upgrade", "--replacepkgs", "FILE"},
		remove:     []string{"rpm", "--erase", "momento-bridge"},
		newDefault: "/etc/momento-bridge/config.yaml.rpmnew",
	},
}

// of is a command for a package on the shelf.
func (k kind) of(command []string, version string) []string {
	args := append([]string(nil), command...)
	for i, arg := range args {
		if arg == "FILE" {
			args[i] = "/packages/" + version + "." + k.name
		}
	}
	return args
}

// configured returns a machine with the version before, whose service is configured and does not run, and its world.
func (k kind) configured(t *testing.T) (*world, *machine) {
	t.Helper()
	w, m := newWorld(t), boot(t)
	m.must(k.of(k.install, before)...)
	w.configure(m)
	return w, m
}
