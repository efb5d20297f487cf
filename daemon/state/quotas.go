package state

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// QuotasFile is the name of the file with what was learned of quotas.
const QuotasFile = "quotas.json"

// Believed is how long a quota is believed after it was measured.
const Believed = 24 * time.Hour

const (
	schema    = 1
	maxQuotas = 256 // In a file; those that were measured last.
	// clockDrift is how far in the future a quota may have been measured.
	clockDrift = 5 * time.Minute
	// most bounds what can be a quota, per second.
	most = 1e9
)

// Account is whose quota it is.
type Account struct {
	Endpoint string `json:"endpoint"` // The URL, without credentials.
	Key      string `json:"key"`      // What stands for the API key, which it must not reveal.
	Unit     string `json:"unit"`     // What the quota counts.
}

// Quota is what was learned of one quota.
type Quota struct {
	Account

	Scope     string    `json:"scope"`               // Which of the account's it is.
	PerSecond float64   `json:"per_second"`          // 0: not measured, so there is a floor alone.
	Found     int       `json:"found"`               // How many measurements in a row confirmed it.
	Floor     float64   `json:"refused_at_any_rate"` // A share; 0: none.
	Measured  time.Time `json:"measured"`
}

// credible reports whether it can have been measured, within the time in which it is believed.
func (q *Quota) credible(now time.Time) bool {
	age := now.Sub(q.Measured)
	measured := q.PerSecond > 0 && q.PerSecond <= most && q.Found > 0
	return q.Floor >= 0 && q.Floor < 1 && (measured || q.PerSecond == 0 && q.Found == 0 && q.Floor > 0) &&
		age >= -clockDrift && age <= Believed
}

// quotasFile is the file.
type quotasFile struct {
	Schema int     `json:"schema"`
	Quotas []Quota `json:"quotas"`
}

// ReadQuotas returns what is believed of the quotas in a directory, whosever they are, those that were measured last
// first. A file that is not there has none. The error says what is wrong with the file, without what is in it.
func ReadQuotas(dir string, now time.Time) ([]Quota, error) {
	path := filepath.Join(dir, QuotasFile)
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	quotas, err := parseQuotas(text, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return quotas, nil
}

func parseQuotas(text []byte, now time.Time) ([]Quota, error) {
	var version struct {
		Schema int `json:"schema"`
	}
	if json.Unmarshal(text, &version) != nil {
		return nil, errNotJSON
	}
	if version.Schema != schema {
		return nil, fmt.Errorf("it has schema %d and this version knows %d", version.Schema, schema)
	}
	var file quotasFile
	if json.Unmarshal(text, &file) != nil {
		return nil, errNotJSON
	}
	return latest(file.Quotas, now), nil
}

var errNotJSON = errors.New("it has no JSON as expected")

// latest returns those that are believed, of each the one that was measured last, and no more than a file holds.
func latest(quotas []Quota, now time.Time) []Quota {
	type name struct {
		Account
		scope string
	}
	quotas = slices.DeleteFunc(quotas, func(q Quota) bool { return !q.credible(now) })
	slices.SortStableFunc(quotas, func(a, b Quota) int {
		return cmp.Or(b.Measured.Compare(a.Measured), cmp.Compare(a.Scope, b.Scope))
	})
	seen := map[name]bool{}
	quotas = slices.DeleteFunc(quotas, func(q Quota) bool {
		n := name{q.Account, q.Scope}
		again := seen[n]
		seen[n] = true
		return again
	})
	return quotas[:min(len(quotas), maxQuotas)]
}

// WriteQuotas keeps quotas in a directory, which is made if only its last part is missing. What the file has of others
// stays as long as it is believed; of those in own it has nothing else, so that one that says nothing is forgotten. The
// error says what failed; the old file is still there then.
func WriteQuotas(dir string, now time.Time, own []Quota) error {
	all := slices.Clone(own)
	old, err := ReadQuotas(dir, now)
	if err == nil { // Otherwise the file is replaced.
		for _, q := range old {
			if !slices.ContainsFunc(own, func(o Quota) bool { return o.Account == q.Account && o.Scope == q.Scope }) {
				all = append(all, q)
			}
		}
	}
	text, err := json.MarshalIndent(quotasFile{schema, append([]Quota{}, latest(all, now)...)}, "", " ")
	if err != nil {
		return fmt.Errorf("write %s: %w", QuotasFile, err)
	}
	return replace(dir, QuotasFile, append(text, '\n'), now)
}
