// Package momentosdk has Momento's own SDKs for JavaScript subscribe to the emulator, and holds the emulator to what
// the live tests of Momento's SDK for Python expect of the service. It is a module of its own, so that the program has
// no more dependencies.
//
// The SDKs speak gRPC, and the emulator HTTP: a gateway turns what long polls bring into messages of Momento's
// protocol, and the SDKs decode those.
package momentosdk
