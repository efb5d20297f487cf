package key

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Fingerprint tells one account's keys from another's without revealing any: it may be kept in a file. It stands for
// the key in use; where keys are vended, for the machine and what it is asked, as each of its keys is new.
func (r *Ring) Fingerprint() string {
	if r.vendor != "" {
		return r.vendor
	}
	if k := r.Key(); k != nil {
		return fingerprint("key", k.raw)
	}
	return ""
}

// fingerprintBytes are enough to tell keys apart, and too few to find one by.
const fingerprintBytes = 8

func fingerprint(parts ...string) string {
	hash := hmac.New(sha256.New, []byte("momento-bridge fingerprint"))
	hash.Write([]byte(strings.Join(parts, "\x00"))) // A hash never fails to write.
	return hex.EncodeToString(hash.Sum(nil)[:fingerprintBytes])
}

// fingerprint is the machine's.
func (v *Vendor) fingerprint() string {
	return fingerprint("vendor", v.cfg.URL, v.cfg.HeadersFile, v.cfg.BodyFile)
}
