internal import ContainerRuntime
internal import Glibc

exit(
    RuntimeCommand.run(Array(CommandLine.arguments.dropFirst())) { _ in
        1
    })
