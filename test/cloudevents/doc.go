// Package cloudevents has what envelope makes read by the official CloudEvents SDKs for Go and JavaScript. It is a
// module of its own, so that the program has no more dependencies.
package cloudevents
