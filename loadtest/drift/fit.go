package drift

import "math"

// change is a step or a slope that a series may have.
type change struct {
	shape         Shape
	since         float64
	before, after float64
	slope         float64 // Per second, of a slope.
}

// at is the level at a time.
func (c *change) at(t float64) float64 {
	switch {
	case t < c.since:
		return c.before
	case c.shape == Slope:
		return c.before + c.slope*(t-c.since)
	}
	return c.after
}

// fit returns the change that leaves the least squares.
func fit(blocks []Sample) change {
	n, edge := len(blocks), edgeOf(len(blocks))
	var best change
	least := -1.0
	for i := 0; i <= n-edge; i++ {
		for _, c := range candidates(blocks, i, edge) {
			rest := 0.0
			for _, b := range blocks {
				d := b.Value - c.at(b.At)
				rest += d * d
			}
			if least < 0 || rest < least {
				best, least = c, rest
			}
		}
	}
	return best
}

// candidates are the changes at the i-th block.
func candidates(blocks []Sample, i, edge int) []change {
	var all []change
	if i >= edge {
		all = append(all, change{
			shape: Step, since: (blocks[i-1].At + blocks[i].At) / 2, before: mean(blocks[:i]), after: mean(blocks[i:]),
		})
	}
	if n := len(blocks); n-i >= 2*edge { // What is steeper than that is a step.
		all = append(all, hinge(blocks, blocks[i].At))
	}
	return all
}

func mean(blocks []Sample) float64 {
	sum := 0.0
	for _, b := range blocks {
		sum += b.Value
	}
	return sum / float64(len(blocks))
}

// bend is the hinge that most blocks are near to.
func bend(blocks []Sample) change {
	var best change
	least := -1.0
	for i := 0; len(blocks)-i >= 2*edgeOf(len(blocks)); i++ {
		c, rest := hinge(blocks, blocks[i].At), 0.0
		for _, b := range blocks {
			rest += math.Abs(b.Value - c.at(b.At))
		}
		if least < 0 || rest < least {
			best, least = c, rest
		}
	}
	return best
}

// hinge is the line that is level until a time and then goes on evenly, with the least squares.
func hinge(blocks []Sample, since float64) change {
	n := float64(len(blocks))
	var sx, sy, sxx, sxy float64
	for _, b := range blocks {
		x := max(0, b.At-since)
		sx, sy, sxx, sxy = sx+x, sy+b.Value, sxx+x*x, sxy+x*b.Value
	}
	c := change{shape: Slope, since: since, before: sy / n}
	if spread := n*sxx - sx*sx; spread > 0 {
		c.slope = (n*sxy - sx*sy) / spread
		c.before = (sy - c.slope*sx) / n
	}
	c.after = c.at(blocks[len(blocks)-1].At)
	return c
}
