package main

import (
	"errors"
	"fmt"
)

// problems are what is wrong with the flags of a command, all told at once.
type problems []error

// add notes a problem.
func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

// unless notes a problem, unless all is well.
func (p *problems) unless(well bool, format string, args ...any) {
	if !well {
		p.add(format, args...)
	}
}

// join notes what an error tells; nil is none.
func (p *problems) join(err error) {
	if err != nil {
		*p = append(*p, err)
	}
}

// err is all of them; nil: there are none.
func (p *problems) err() error { return errors.Join(*p...) }
