package report

// Fact is one thing that a report says. Every format prints it with these words, so that no two of them differ.
type Fact struct {
	Key   string   // The member of the JSON that it is made of; of several, the first: generator.on_time.
	Name  string   // For people; the same word wherever it is told. Empty: it goes on with the one before.
	Value *float64 // Not rounded, as in the JSON; nil: it is no number, or was not determined.
	Unit  string   // Of the value: publishes/s, publishes, s, or empty.
	Text  string   // The value for people.
	Also  string   // What else is to be said of it.
	Short string   // As much of that as there is room for beside a great number.
}

// Sentence is the whole fact, without its name.
func (f *Fact) Sentence() string {
	if f.Also == "" {
		return f.Text
	}
	return f.Text + ": " + f.Also
}

// notDetermined is the text of a fact that has no value.
const notDetermined = "not determined"

const (
	perSecondUnit = "publishes/s"
	publishesUnit = "publishes"
)

// Facts are what was found, in order, without what was tested, the times and the refusals. Each number of a report that
// people read comes from here, or from Target, times, trials and Advice, which also have one way to write each.
func (r *Report) Facts() []Fact {
	facts := r.limitFacts()
	if r.Test == Rate {
		facts = r.rateFacts()
	}
	facts = append(facts, r.expectedFact()...)
	facts = append(facts, r.generatorFact())
	facts = append(facts, r.preflightFacts()...)
	facts = append(facts, r.requestsFact())
	if r.Interrupted {
		facts = append(facts, Fact{
			Key: "interrupted", Name: "Interrupted", Text: "yes",
			Also: "what is said here is what was known until then", Short: "it was ended early",
		})
	}
	if try := r.try(); try != "" {
		facts = append(facts, Fact{Name: "Try", Text: try})
	}
	return facts
}

// factOf is the fact of a key, or one that says that nothing is known of it.
func factOf(facts []Fact, key string) Fact {
	for _, f := range facts {
		if f.Key == key {
			return f
		}
	}
	return Fact{Key: key, Text: notDetermined}
}
