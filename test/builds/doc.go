// Package builds has the tests of how the program is built: which version it says it has, what the build tag slim
// leaves out, and that one command changes the module's path. They need git, and make repositories of their own.
package builds
