package batch

import (
	"fmt"
	"slices"
)

// at7 is a position in stream 7.
func at7(sequence uint64) string {
	return fmt.Sprintf(`{"version":1,"streams":{"00000007":%d}}`, sequence)
}

const nowhere = `{"version":1,"streams":{}}`

func readerCases() []readerVector {
	return append(repeatCases(), append(gapCases(), streamCases()...)...)
}

func repeatCases() []readerVector {
	return []readerVector{
		{"one batch after the other", "", []readerStep{
			item(7, 0, 1, 2, 3).payloads(1, 2, 3), item(7, 1, 4, 5).payloads(4, 5), item(7, 1, 6).payloads(6),
		}, at7(6)},
		{"a batch that comes again", "", []readerStep{
			item(7, 0, 1, 2, 3).payloads(1, 2, 3), item(7, 0, 1, 2, 3).repeats(3), item(7, 1, 4).payloads(4),
		}, at7(4)},
		{"a batch that was composed anew", "", []readerStep{
			item(7, 0, 10, 12).payloads(10, 12), item(7, 0, 10, 12, 15, 19).repeats(2).payloads(15, 19),
			item(7, 3, 15).repeats(1), item(7, 1, 20).payloads(20),
		}, at7(20)},
		{"older batches leave the position as it is", at7(100), []readerStep{
			item(7, 0, 1, 2).repeats(2), item(7, 1, 3, 50).repeats(2), item(7, 50, 100, 101).repeats(1).payloads(101),
		}, at7(101)},
		{"a reader that goes on at its position", at7(5), []readerStep{
			item(7, 1, 4, 5, 6, 7).repeats(2).payloads(6, 7),
		}, at7(7)},
		{"a reader without its position delivers again", "", []readerStep{item(7, 1, 4, 5).payloads(4, 5)}, at7(5)},
		{"without a marker everything is delivered", at7(5), []readerStep{
			unmarked("a"), unmarked("a"), unmarked("b").at(4), unmarked("b").at(4),
		}, at7(5)},
		{"nothing has come yet", "", []readerStep{}, nowhere},
		{"a damaged publish changes nothing", at7(5), []readerStep{
			damaged(), item(7, 1, 6).payloads(6), damaged(), item(7, 1, 6).repeats(1),
		}, at7(6)},
		{"the highest sequence", at7(1<<53 - 2), []readerStep{
			item(7, 1, 1<<53-1).payloads(1<<53 - 1), item(7, 1, 1<<53-1).repeats(1),
		}, at7(1<<53 - 1)},
	}
}

func gapCases() []readerVector {
	return []readerVector{
		{"a message that has not come", at7(5), []readerStep{
			item(7, 1, 8).payloads(8).gap(5, 8, true), item(7, 1, 9).payloads(9),
		}, at7(9)},
		{"sequences of other topics are no gap", at7(5), []readerStep{
			item(7, 95, 100, 200).payloads(100, 200), item(7, 100, 300).payloads(300),
		}, at7(300)},
		{"where the chain is not known there is no gap to tell", at7(5), []readerStep{
			item(7, 0, 100).payloads(100),
		}, at7(100)},
		{"where the position is not known there is no gap to tell", "", []readerStep{
			item(7, 1, 100).payloads(100),
		}, at7(100)},
		{"a repeat is no gap", at7(50), []readerStep{item(7, 2, 20, 30).repeats(2)}, at7(50)},
		{"the chain goes back to before the position", at7(50), []readerStep{
			item(7, 40, 60).payloads(60), item(7, 1, 61).payloads(61),
		}, at7(61)},
		{"a batch that begins in what is known and goes on", at7(50), []readerStep{
			item(7, 1, 50, 60).repeats(1).payloads(60),
		}, at7(60)},
		{"numbers without a jump", "", []readerStep{
			item(7, 0, 1).at(4).payloads(1), item(7, 0, 3).at(5).payloads(3), unmarked("x").at(6),
			item(7, 0, 9).at(7).payloads(9),
		}, at7(9)},
		{"numbers that jump", at7(5), []readerStep{
			item(7, 0, 6).at(10).payloads(6), item(7, 0, 9).at(12).payloads(9).gap(6, 9, false),
			item(7, 0, 10).at(13).payloads(10),
		}, at7(10)},
		{"a jump, and the chain says that nothing is missing", at7(5), []readerStep{
			item(7, 1, 6).at(10).payloads(6), item(7, 1, 7).at(20).payloads(7), item(7, 0, 8).at(21).payloads(8),
		}, at7(8)},
		{"a jump, and the chain says what is missing", at7(5), []readerStep{
			item(7, 1, 6).at(10).payloads(6), item(7, 1, 8).at(20).payloads(8).gap(6, 8, true),
		}, at7(8)},
		{"a jump at a stream that is not known yet", "", []readerStep{
			unmarked("x").at(1), item(7, 5, 8).at(3).payloads(8).gap(0, 8, false),
		}, at7(8)},
		{"a jump at what has no marker", "", []readerStep{
			unmarked("x").at(1),
			{
				Publish: unmarked("y").Publish, Payloads: unmarked("y").Payloads, Number: 3,
				Gaps: []readerGap{{0, 0, 0, false}},
			},
		}, nowhere},
		{"a jump at a repeat whose chain is not known", at7(50), []readerStep{
			unmarked("x").at(1), item(7, 0, 20).at(3).repeats(1).gap(50, 20, false),
		}, at7(50)},
		{"a jump at a repeat whose chain is known", at7(50), []readerStep{
			unmarked("x").at(1), item(7, 3, 20).at(3).repeats(1),
		}, at7(50)},
		{"numbers that go back are no jump, and count from there", at7(5), []readerStep{
			item(7, 0, 6).at(10).payloads(6), item(7, 0, 7).at(3).payloads(7), item(7, 0, 8).at(4).payloads(8),
			item(7, 0, 9).at(6).payloads(9).gap(8, 9, false),
		}, at7(9)},
		{"what comes after an item without a number is no jump", at7(5), []readerStep{
			item(7, 0, 6).at(10).payloads(6), item(7, 0, 7).payloads(7), item(7, 0, 8).at(20).payloads(8),
		}, at7(8)},
		{"a damaged publish is a jump, as it is missing", at7(5), []readerStep{
			item(7, 0, 6).at(10).payloads(6), damaged().at(11), item(7, 0, 8).at(12).payloads(8).gap(6, 8, false),
		}, at7(8)},
		{"a discontinuity", at7(5), []readerStep{
			item(7, 0, 6).payloads(6), item(7, 0, 8).discontinuity().payloads(8).gap(6, 8, false),
			item(7, 0, 9).payloads(9),
		}, at7(9)},
		{"a discontinuity, and the chain says that nothing is missing", at7(5), []readerStep{
			item(7, 1, 6).discontinuity().payloads(6), item(7, 0, 9).payloads(9),
		}, at7(9)},
		{"a discontinuity and a jump are one gap", at7(5), []readerStep{
			item(7, 0, 6).at(1).payloads(6), item(7, 0, 8).at(9).discontinuity().payloads(8).gap(6, 8, false),
		}, at7(8)},
		{"a discontinuity outlives a damaged publish", at7(5), []readerStep{
			{Publish: damaged().Publish, Refused: true, Discontinuity: true},
			item(7, 0, 8).payloads(8).gap(5, 8, false),
		}, at7(8)},
		{"a reader that goes on, and something has come in between", at7(5), []readerStep{
			item(7, 2, 9).payloads(9).gap(5, 9, true),
		}, at7(9)},
	}
}

func streamCases() []readerVector {
	var many []readerStep
	for stream := range uint32(mostStreams) {
		many = append(many, item(stream+1, 0, 10).payloads(10))
	}
	return []readerVector{
		{"streams into one topic have positions of their own", "", []readerStep{
			item(7, 0, 10).payloads(10), item(8, 0, 3).payloads(3), item(7, 1, 11).payloads(11),
			item(8, 2, 6).payloads(6).gap(3, 6, true),
			item(8, 0, 3, 6, 7).repeats(2).payloads(7),
		}, `{"version":1,"streams":{"00000007":11,"00000008":7}}`},
		{"a stream that was made anew is another one", at7(500), []readerStep{
			item(0xfeedbeef, 0, 1, 2).payloads(1, 2),
		}, `{"version":1,"streams":{"00000007":500,"feedbeef":2}}`},
		{"stream 0 is a stream", "", []readerStep{
			item(0, 0, 1).payloads(1), item(0, 0, 1).repeats(1),
		}, `{"version":1,"streams":{"00000000":1}}`},
		{"of 17 streams the one longest unused is forgotten", "", append(slices.Clip(many),
			item(1, 0, 10).repeats(1), item(17, 0, 10).payloads(10), item(2, 0, 10).payloads(10),
			item(1, 0, 10).repeats(1),
		), `{"version":1,"streams":{"00000001":10,"00000002":10,"00000004":10,"00000005":10,"00000006":10,` +
			`"00000007":10,"00000008":10,"00000009":10,"0000000a":10,"0000000b":10,"0000000c":10,"0000000d":10,` +
			`"0000000e":10,"0000000f":10,"00000010":10,"00000011":10}}`},
		{
			"of a position's streams the lowest is forgotten first", `{"version":1,"streams":{"ffffffff":9,"00000020":9,` +
				`"00000021":9,"00000022":9,"00000023":9,"00000024":9,"00000025":9,"00000026":9,"00000027":9,"00000028":9,` +
				`"00000029":9,"0000002a":9,"0000002b":9,"0000002c":9,"0000002d":9,"0000000f":9}}`, []readerStep{
				item(0x50, 0, 1).payloads(1), item(0x20, 0, 9).repeats(1), item(0x51, 0, 1).payloads(1),
			}, `{"version":1,"streams":{"00000020":9,"00000022":9,"00000023":9,"00000024":9,"00000025":9,"00000026":9,` +
				`"00000027":9,"00000028":9,"00000029":9,"0000002a":9,"0000002b":9,"0000002c":9,"0000002d":9,` +
				`"00000050":1,"00000051":1,"ffffffff":9}}`,
		},
	}
}
