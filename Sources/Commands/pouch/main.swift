internal import Glibc
internal import Verbs

exit(Pouch.main(Array(CommandLine.arguments.dropFirst())))
