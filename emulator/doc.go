// Package emulator is a local stand-in for the Momento Topics HTTP API: for tests, for the demo, and for trying things
// without an account. It is written from Momento's public documentation, on net/http, and imports nothing else of this
// program, so that it and the sink cannot share a mistake.
//
// It checks a publish in this order: the path and method (404, 405, 400), the credential (400, 401), the permission
// (403), the cache (404), faults that lose the request, the content type and the body (400, or the status chosen for
// oversize), the quota (429), faults with a status. A publish that passes all of them is accepted and counted.
//
// Where Momento's documents, its protocol and its SDKs are silent or say two things, Documented chooses; docs/emulator.md
// has the table with the sources. Pages of any origin may use topics (CORS): with the key in the Authorization header or
// in the query.
package emulator
