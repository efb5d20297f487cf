package config

// A port, and one of a server, which cannot be 0.
const (
	anyPort    = `0*(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})`
	serverPort = `0*(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})`
)

const (
	plainToken = `[^\s.*>]+`
	natsServer = `\s*((nats|tls|ws|wss)://)?([^\s,/]*@)?(\[[0-9A-Fa-f:.]+\]|[^\s,/@:\[\]?#]+)(:(` + serverPort +
		`)?)?(/([^/\s,][^\s,]*)?|[?#][^\s,]*)?\s*`
	listenPort   = `\s*([^\[\]:,]*|\[[^\[\],]*\]):` + anyPort + `\s*`
	listenSocket = `\s*unix:/[^,]{0,89}\s*`
	hostName     = `\s*[^,/:*?\s]+\s*`
)

// forms are the patterns of the schema for texts that must look like something: what the reader refuses, as far as a
// regular expression can say it. They are written in what all dialects of them have in common.
var forms = map[string]string{
	"label":    `^[-_0-9A-Za-z]+$`,
	"token":    `^` + plainToken + `$`,
	"stream":   `^[^\s.*>/\\]+$`,
	"subject":  `^` + plainToken + `(\.` + plainToken + `)*$`,
	"prefix":   `^` + plainToken + `(\.` + plainToken + `)*\.?$`,
	"filter":   `^((` + plainToken + `|\*)(\.(` + plainToken + `|\*))*(\.>)?|>)$`,
	"context":  `^[^/\\]*$`,
	"servers":  `^` + natsServer + `(,` + natsServer + `)*$`,
	"hosts":    `^` + hostName + `(,` + hostName + `)*$`,
	"listen":   `^(` + listenPort + `(,` + listenSocket + `)?|` + listenSocket + `(,` + listenPort + `)?)$`,
	"control":  `^(loopback|none|client-certificates|[\s\S]*[/\\][\s\S]*)$`,
	"vending":  `^(https://[^\s/?#]+|http://(localhost|127(\.[0-9]+){3}|\[::1\])(:[0-9]*)?([/?#].*)?$)`,
	"endpoint": `^(https?://[^\s/?#@]+/*|[^\s/?#@:]+\.[^\s/?#@:]+)$`,
	"proxy":    `^(none|http://\S+)$`,
}

// Patterns of values that are numbers with something.
const (
	decimal         = `([0-9]+(\.[0-9]*)?|\.[0-9]+)`
	durationPattern = `^\+?(0|(` + decimal + `(ns|us|µs|μs|ms|s|m|h))+)$`
	zeroPattern     = `^\+?(0|((0+(\.0*)?|\.0+)(ns|us|µs|μs|ms|s|m|h))+)$`
	sizePattern     = `^\+?` + decimal + `([eE][+-]?[0-9]+)?(\s*(KiB|MiB|GiB|KB|MB|GB|kB|B))?$`
	ratePattern     = `^\+?` + decimal + `([eE][+-]?[0-9]+)?$`
	wholePattern    = `^[+-]?[0-9]+$`
	startPattern    = `^(all|new|0*[1-9][0-9]*|[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]([.,][0-9]+)?` +
		`(Z|[+-][0-2][0-9]:[0-5][0-9]))$`
)
