package search

import "testing"

func TestAcceptancesJustAfterTheFirstRefusalAreNoRate(t *testing.T) {
	t.Parallel()
	var events []Event
	for i := range 1000 {
		events = append(events, Event{At: float64(i) / 100})
	}
	if rate, _ := Accepted(events, false); rate != 0 {
		t.Errorf("without a refusal it is %v", rate)
	}
	events = append(events, Event{At: 10, Refused: true}, Event{At: 10.00001}, Event{At: 10.00002}, Event{At: 10.00003})
	if rate, _ := Accepted(events, false); rate != 0 {
		t.Errorf("after the first refusal it is %v", rate)
	}
}
