package main

import "syscall"

const stop, goOn = syscall.SIGSTOP, syscall.SIGCONT
