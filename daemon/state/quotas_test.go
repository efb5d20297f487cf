package state

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	noon  = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	ours  = Account{Endpoint: "https://e", Key: "0123456789abcdef", Unit: "publishes"}
	other = Account{Endpoint: "https://e", Key: "fedcba9876543210", Unit: "publishes"}
)

func region(of Account, perSecond float64, at time.Time) Quota {
	return Quota{Account: of, Scope: "region", PerSecond: perSecond, Floor: 0.03, Found: 7, Measured: at}
}

func TestWhatIsKeptIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cache := Quota{Account: ours, Scope: "cache:c", PerSecond: 5, Found: 1, Measured: noon.Add(-time.Hour)}
	noise := Quota{Account: ours, Scope: "cache:d", Floor: 0.1, Measured: noon.Add(-2 * time.Hour)} // And no quota.
	want := []Quota{region(ours, 4870.25, noon), cache, noise}
	if err := WriteQuotas(dir, noon, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadQuotas(dir, noon.Add(time.Hour))
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
	if info, err := os.Stat(filepath.Join(dir, QuotasFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v, want mode 0600", info, err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%v are left, want the file alone", files)
	}
}

func TestNothingIsKeptAtFirst(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	if got, err := ReadQuotas(dir, noon); len(got) != 0 || err != nil {
		t.Errorf("read %v, %v of a directory that is not there", got, err)
	}
	if err := WriteQuotas(dir, noon, []Quota{region(ours, 10, noon)}); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory: %v, %v, want one that is made with mode 0700", info, err)
	}
	if err := WriteQuotas(filepath.Join(dir, "a", "b"), noon, nil); err == nil {
		t.Error("a path of several new directories is made: it is more likely a mistake")
	}
}

func TestQuotasAreForgottenAfterADay(t *testing.T) {
	t.Parallel()
	for age, kept := range map[time.Duration]bool{
		23 * time.Hour: true, Believed: true, Believed + time.Second: false,
		-time.Minute: true, -time.Hour: false, // Clocks differ a little. What is from the future is from a wrong clock.
	} {
		dir := t.TempDir()
		if err := WriteQuotas(dir, noon.Add(-age), []Quota{region(ours, 10, noon.Add(-age))}); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadQuotas(dir, noon); (len(got) == 1) != kept || err != nil {
			t.Errorf("%v old: %v, %v, want it kept: %v", age, got, err, kept)
		}
	}
}

func TestQuotasOfOthersStayUntilTheyAreOld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(at time.Time, quotas ...Quota) {
		t.Helper()
		if err := WriteQuotas(dir, at, quotas); err != nil {
			t.Fatal(err)
		}
	}
	write(noon, region(other, 20, noon), region(ours, 10, noon))
	later := noon.Add(20 * time.Hour)
	write(later, region(ours, 11, later))
	if got, err := ReadQuotas(dir, later); len(got) != 2 || got[0].PerSecond != 11 || got[1].PerSecond != 20 {
		t.Errorf("read %v, %v, want ours as written last and the other's", got, err)
	}
	write(later, Quota{Account: ours, Scope: "region"})
	if got, err := ReadQuotas(dir, later); len(got) != 1 || got[0].PerSecond != 20 {
		t.Errorf("read %v, %v, want the other's alone: ours says nothing any more", got, err)
	}
	latest := noon.Add(30 * time.Hour)
	write(latest, region(ours, 12, latest))
	if got, err := ReadQuotas(dir, latest); len(got) != 1 || got[0].PerSecond != 12 {
		t.Errorf("read %v, %v, want ours alone", got, err)
	}
}

func TestFilesThatNobodyWroteAreIgnoredAndReplaced(t *testing.T) {
	t.Parallel()
	const head = `{"schema":1,"quotas":[{"endpoint":"https://e","key":"k","unit":"publishes","scope":"region",`
	const at = `,"measured":"2026-11-29T12:00:00Z"`
	for name, tt := range map[string]struct {
		text string
		says string // Part of the error; empty: there is none, and nothing is believed.
	}{
		"empty":               {"", "no JSON"},
		"half of it":          {head + `"per_second":10`, "no JSON"},
		"something else":      {"\x00\xff\x00", "no JSON"},
		"another value":       {`[1, 2]`, "no JSON"},
		"two values":          {`{"schema":1}{"schema":1}`, "no JSON"},
		"a later version":     {`{"schema":2,"quotas":"all of them"}`, "schema 2"},
		"no version":          {`{}`, "schema 0"},
		"huge":                {`{"schema":1,"pad":"` + strings.Repeat("x", maxBytes) + `"}`, "larger"},
		"deep":                {`{"schema":1,"quotas":` + strings.Repeat("[", 100_000), "no JSON"},
		"none":                {`{"schema":1,"quotas":[]}`, ""},
		"a negative quota":    {head + `"per_second":-5,"found":1` + at + `}]}`, ""},
		"no quota":            {head + `"found":1` + at + `}]}`, ""},
		"a number too large":  {head + `"per_second":1e999,"found":1` + at + `}]}`, "no JSON"},
		"a quota too large":   {head + `"per_second":1e300,"found":1` + at + `}]}`, ""},
		"never measured":      {head + `"per_second":5,"found":0` + at + `}]}`, ""},
		"all refused":         {head + `"per_second":5,"found":1,"refused_at_any_rate":1` + at + `}]}`, ""},
		"fewer than none":     {head + `"per_second":5,"found":1,"refused_at_any_rate":-0.1` + at + `}]}`, ""},
		"without a time":      {head + `"per_second":5,"found":1}]}`, ""},
		"a time that is none": {head + `"per_second":5,"found":1,"measured":"noon"}]}`, "no JSON"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, QuotasFile)
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadQuotas(dir, noon)
		if len(got) != 0 || (err == nil) != (tt.says == "") {
			t.Errorf("%s: read %v, %v", name, got, err)
		}
		if err != nil && (!strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: %v, want %q and the file's name", name, err, tt.says)
		}
		if err != nil && len(err.Error()) > len(path)+200 {
			t.Errorf("%s: the error is long: %v", name, err)
		}
		if tt.says != "no JSON" || name == "half of it" { // To write takes the disk's time.
			if err := WriteQuotas(dir, noon, []Quota{region(ours, 10, noon)}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if got, err := ReadQuotas(dir, noon); len(got) != 1 || err != nil {
				t.Errorf("%s: after writing: %v, %v", name, got, err)
			}
		}
	}
}

func TestWhatIsNoFileIsNotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, QuotasFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadQuotas(dir, noon); err == nil {
		t.Error("a directory in its place is read")
	}
	if err := WriteQuotas(dir, noon, []Quota{region(ours, 10, noon)}); err == nil {
		t.Error("a directory in its place is replaced")
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%v are left, want nothing else", files)
	}
}

func TestTheFileNeverGrowsBeyondWhatIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all []Quota
	for i := range 3 * maxQuotas {
		q := region(ours, 10, noon.Add(-time.Duration(i)*time.Second))
		q.Scope = "cache:" + fmt.Sprint(i) + strings.Repeat("x", 250)
		all = append(all, q)
	}
	all = append(all, Quota{Account: ours, Scope: "region", PerSecond: math.Inf(1), Found: 1, Measured: noon})
	if err := WriteQuotas(dir, noon, all); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadQuotas(dir, noon); len(got) != maxQuotas || err != nil || got[0] != all[0] {
		t.Errorf("%d quotas, %v, want the %d that were measured last", len(got), err, maxQuotas)
	}
}

// Two daemons may have one directory, by mistake or as replicas on one host.
func TestTheFileIsWholeWhoeverWritesIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := WriteQuotas(dir, noon, []Quota{region(ours, 10, noon)}); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var writing, reading sync.WaitGroup
	for i := range 2 {
		writing.Go(func() {
			for n := range 5 {
				if err := WriteQuotas(dir, noon, []Quota{region(ours, float64(10*i+n+1), noon)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	reading.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if got, err := ReadQuotas(dir, noon); len(got) != 1 || err != nil {
				t.Errorf("read %v, %v", got, err)
			}
		}
	})
	writing.Wait()
	close(done)
	reading.Wait()
}

func TestWhatAKilledDaemonLeftHalfWrittenIsRemoved(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	left, recent := filepath.Join(dir, QuotasFile+".1.tmp"), filepath.Join(dir, QuotasFile+".2.tmp")
	for _, path := range []string{left, recent} {
		if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(left, noon, noon.Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(recent, noon, noon); err != nil {
		t.Fatal(err)
	}
	if err := WriteQuotas(dir, noon, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what is old: %v, want it gone", err)
	}
	if _, err := os.Stat(recent); err != nil {
		t.Errorf("what another daemon may be writing: %v, want it left alone", err)
	}
}

func FuzzNoFileDoesHarm(f *testing.F) {
	f.Add([]byte(`{"schema":1,"quotas":[{"scope":"region","per_second":1,"found":1,` +
		`"measured":"2026-11-29T12:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		quotas, err := parseQuotas(text, noon)
		if err != nil && len(quotas) > 0 {
			t.Errorf("%v and %v", quotas, err)
		}
		for _, q := range quotas {
			if !q.credible(noon) {
				t.Errorf("%+v is believed", q)
			}
		}
	})
}
