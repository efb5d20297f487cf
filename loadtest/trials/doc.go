// Package trials keeps the trials of a search in a file, one line each, while they are made, and replays them to a
// later search, which then goes on with new ones. A search decides by what its trials show alone: with the same trials
// it asks for the same ones, up to the first that is not in the file.
//
//	search ──▶ Tester ──▶ engine      a trial is made, and written
//	              ▲▼
//	         trials.jsonl             a trial is read, and the engine recalls it
package trials
