package drift

const (
	// mostBlocks bounds how long the permutations take.
	mostBlocks = 240
	// fewestBlocks are needed for permutations to be rare.
	fewestBlocks = 15
	// mostKnown is how much a block may tell of the next one.
	mostKnown = 0.15
)

// independent takes samples together until neighbours know little of each other: what comes in waves, as the memory of
// a program between two collections does, would look like a change otherwise.
func independent(samples []Sample) []Sample {
	size := (len(samples) + mostBlocks - 1) / mostBlocks
	for ; ; size++ {
		blocks := blocksOf(samples, size)
		if len(samples)/(size+1) < fewestBlocks || known(ranked(blocks)) <= mostKnown {
			return blocks
		}
	}
}

// blocksOf are the means of so many samples each. What is left over at the beginning is part of the first one.
func blocksOf(samples []Sample, size int) []Sample {
	blocks := make([]Sample, 0, len(samples)/size)
	for end := len(samples)%size + size; end <= len(samples); end += size {
		from := end - size
		if len(blocks) == 0 {
			from = 0
		}
		var sum Sample
		for _, s := range samples[from:end] {
			sum.At += s.At
			sum.Value += s.Value
		}
		n := float64(end - from)
		blocks = append(blocks, Sample{sum.At / n, sum.Value / n})
	}
	return blocks
}

// known is the correlation of the ranks of neighbours, in what is left when the best change is taken away.
func known(blocks []Sample) float64 {
	best := fit(blocks)
	sum, squares, before := 0.0, 0.0, 0.0
	for i, b := range blocks {
		rest := b.Value - best.at(b.At)
		if squares += rest * rest; i > 0 {
			sum += rest * before
		}
		before = rest
	}
	if squares == 0 {
		return 0
	}
	return sum / squares
}
