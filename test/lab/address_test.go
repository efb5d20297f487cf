package lab

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// askedFor tells a process of this test to print addresses, and to keep them until its input ends.
const askedFor = "ADDRESSES_ARE_ASKED_FOR"

const manyAddresses = 400

// Tests of several packages run at the same time, and it takes a while until somebody listens where it was told to.
func TestNoAddressIsGivenToTwoProcesses(t *testing.T) {
	if os.Getenv(askedFor) != "" {
		for range manyAddresses {
			fmt.Println(FreeAddress())
		}
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	t.Parallel()
	whose := map[string]int{}
	for process := range 4 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), askedFor+"=yes")
		end, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		defer end.Close()
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range manyAddresses {
			if !lines.Scan() {
				t.Fatalf("process %d says nothing more: %v", process, lines.Err())
			}
			if other, there := whose[lines.Text()]; there {
				t.Errorf("%s is given to the processes %d and %d", lines.Text(), other, process)
			}
			whose[lines.Text()] = process
		}
	}
}
