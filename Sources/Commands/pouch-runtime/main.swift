internal import ContainerRuntime
internal import Glibc
internal import Shim

exit(RuntimeCommand.run(Array(CommandLine.arguments.dropFirst())) { Shim.run($0) })
