// Package drift says whether a series of measurements has changed while it was taken, since when, and by how much, or
// that it has only been noisy. It has no clock, and its only randomness is of a seed.
//
//	samples ──▶ blocks ──▶ where ranks differ most ──▶ how rarely     ──▶ step or slope ──▶ Finding
//	            long enough to                         order alone        which fits
//	            know nothing of                        does that
//	            each other
//
// It is the test of Pettitt (1979) with a permutation instead of its approximation, as E-divisive (Matteson and James,
// 2014) and Apache Otava do it. Ranks make single outliers harmless, and permuted blocks make no assumption of how the
// noise is distributed.
package drift
