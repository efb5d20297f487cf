package packages

import (
	"context"
	"fmt"
	"os"
	"testing"

	"momento-bridge/test/lab"
)

var (
	rig      *lab.Lab // Has the programs.
	tree     string   // The directory that machines begin with.
	shelf    string   // The directory with the packages; machines have it as /packages.
	versions pair
)

// root is the module of the program.
const root = "../.."

func TestMain(m *testing.M) {
	os.Exit(lab.RunTests(m, root, "2", func(l *lab.Lab) {
		rig = l
		if err := prepare(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			l.Stop()
			os.Exit(1)
		}
	}))
}

func prepare(ctx context.Context) (err error) {
	if os.Getuid() != 0 {
		return fmt.Errorf("these tests boot machines: they must be run by root")
	}
	if tree, err = makeTree(ctx); err != nil {
		return err
	}
	if shelf, err = rig.Scratch("shelf"); err != nil {
		return err
	}
	versions, err = fill(ctx, shelf)
	return err
}
