package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"momento-bridge/emulator"
	"momento-bridge/group/virtual"
	"momento-bridge/pipeline/quota"
)

// The plot: replicas come and die, and the quota changes.
const (
	width, height = 880.0, 300.0
	left, bottom  = 60.0, 40.0
	seconds       = 300
	quotaBefore   = 200.0
)

// draw simulates five minutes and returns an SVG of them.
func draw() string {
	w := virtual.New(virtual.Config{
		Replicas: 4, Rate: quota.Rate{Ceiling: math.Inf(1), Learn: true}, Seed: 1,
		Limiter: emulator.Settings{Rate: quotaBefore, Burst: quotaBefore},
	})
	limit := func(rate float64) { w.Limit(emulator.Settings{Rate: rate, Burst: rate}) }
	quotas := make([]float64, seconds)
	now := quotaBefore
	for s := range seconds {
		switch s {
		case 60:
			for range 4 {
				w.Start()
			}
		case 110: // The keeper.
			w.Kill(0)
		case 150:
			now = 2 * quotaBefore
			limit(now)
		case 220:
			now = quotaBefore
			limit(now)
		case 265:
			for w.Alive() > 2 {
				w.Kill(0)
			}
		}
		quotas[s] = now
		w.Run(time.Second)
	}
	return svg(w.Seconds[:seconds], quotas)
}

func svg(all []virtual.Second, quotas []float64) string {
	var b strings.Builder
	const most = 450.0
	x := func(s int) float64 { return left + float64(s)/seconds*(width-left-20) }
	y := func(v float64) float64 { return height - bottom - v/most*(height-bottom-30) }
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" font-family="sans-serif" font-size="12">`+"\n",
		width, height)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="#fff"/>`+"\n", width, height)
	for v := 0.0; v <= 400; v += 100 {
		fmt.Fprintf(&b, `<path d="M%g %.1fH%g" stroke="#ddd"/><text x="%g" y="%.1f" text-anchor="end">%g/s</text>`+"\n", left,
			y(v), width-20, left-6, y(v)+4, v)
	}
	for s := 0; s <= seconds; s += 60 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%g" text-anchor="middle">%d s</text>`+"\n", x(s), height-bottom+18, s)
	}
	line := func(colour string, value func(s int) float64) {
		fmt.Fprintf(&b, `<path fill="none" stroke="%s" stroke-width="1.5" d="`, colour)
		for s := range all {
			fmt.Fprintf(&b, "%c%.1f %.1f", "ML"[min(s, 1)], x(s), y(min(most, value(s))))
		}
		b.WriteString(`"/>` + "\n")
	}
	line("#999", func(s int) float64 { return quotas[s] })
	line("#1a7f37", func(s int) float64 { return float64(all[s].Accepted) })
	line("#cf222e", func(s int) float64 { return float64(all[s].Refused) })
	for _, e := range []struct {
		s    int
		text string
	}{{0, "4 replicas"}, {60, "8"}, {110, "keeper killed"}, {150, "quota doubled"}, {220, "halved"}, {265, "2"}} {
		fmt.Fprintf(&b, `<path d="M%.1f 24V%g" stroke="#bbb" stroke-dasharray="3 3"/><text x="%.1f" y="20">%s</text>`+"\n",
			x(e.s), height-bottom, x(e.s)+2, e.text)
	}
	fmt.Fprintf(&b, `<text x="%g" y="%g"><tspan fill="#777">quota</tspan>  <tspan fill="#1a7f37">accepted</tspan>  `+
		`<tspan fill="#cf222e">refused</tspan>, per second, of all replicas together; simulated, seed 1</text>`+"\n", left,
		height-4)
	b.WriteString("</svg>\n")
	return b.String()
}
