package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"momento-bridge/daemon"
	"momento-bridge/loadtest"
	"momento-bridge/terminal"
)

// mayBegin prints what is about to happen, and asks whether to begin, unless the answer was given before.
func mayBegin(cmd *cobra.Command, plan []loadtest.Line, yes bool) error {
	showPlan(cmd, plan)
	if yes {
		return nil
	}
	return confirm(cmd)
}

// showPlan prints what is about to happen.
func showPlan(cmd *cobra.Command, lines []loadtest.Line) {
	to := cmd.ErrOrStderr()
	sheet := terminal.SheetOf(to)
	for _, line := range lines {
		texts := []string{line.Text} // A log has one line for each fact.
		if sheet.Fit {
			texts = sheet.Wrap(line.Text, planIndent)
		}
		for i, text := range texts {
			name := line.Name
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(to, "  %-*s%s\n", planIndent-2, name, text)
		}
	}
}

// planIndent is where the texts of a plan begin.
const planIndent = 12

// confirm asks whether to begin.
func confirm(cmd *cobra.Command) error {
	fmt.Fprint(cmd.ErrOrStderr(), "Begin? [y/N] ")
	answers := make(chan string, 1)
	go func() { // It may wait for a line when the program ends.
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err == nil {
			answers <- strings.ToLower(strings.TrimSpace(line))
		}
		close(answers)
	}()
	select {
	case answer, ok := <-answers:
		switch {
		case !ok:
			return &usageError{errors.New("\nnobody is there to be asked whether to begin: add --yes")}
		case answer == "y", answer == "yes":
			return nil
		}
		return &usageError{errors.New("nothing was published")}
	case <-cmd.Context().Done():
		return daemon.ErrInterrupted
	}
}

// interruptedOr is what ended a command: the user, if ctx is done, and else an error.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return daemon.ErrInterrupted
	}
	return err
}
