package figure

import "testing"

func TestNumbersAreWrittenForPeople(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(Count(0), "0")
	f(Count(999), "999")
	f(Count(29892), "29 892")
	f(Count(1234567), "1 234 567")
	f(Rate(0), "0/s")
	f(Rate(0.2), "0.2/s")
	f(Rate(9.9635), "9.963/s")
	f(Rate(498.2), "498.2/s")
	f(Rate(7312.4), "7 312/s")
	f(Time(0), "0 us")
	f(Time(0.00008), "80 us")
	f(Time(0.0051), "5.10 ms")
	f(Time(0.25), "250 ms")
	f(Time(0.9996), "1.00 s")
	f(Time(12), "12.0 s")
	f(Duration(1.1), "1.1 s")
	f(Duration(59.4), "59 s")
	f(Duration(208.4), "3 min 28 s")
	f(Duration(7260), "2 h 1 min")
	f(Share(0), "0 %")
	f(Share(1), "100 %")
	f(Share(0.99993), "99.993 %")
	f(Share(0.9999999), "99.99999 %")
	f(Share(0.023262), "2.33 %")
	f(Bound(0.00009998), "0.01 %")
	f(Bound(0.0002501), "0.026 %")
	f(Duration(9.97), "10 s")
	f(Duration(59.7), "1 min 0 s")
	f(Duration(3599.7), "1 h 0 min")
	f(Duration(0), "0 s")
	f(Share(0.526), "52.6 %")
	f(Share(0.9896), "99 %")
	f(Share(0.9911), "99.11 %")
	f(Share(0.99996), "99.996 %")
	f(Bound(0), "0 %")
	f(Bound(1), "100 %")
}
