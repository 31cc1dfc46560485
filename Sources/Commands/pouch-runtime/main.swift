internal import ContainerRuntime
internal import Glibc
internal import Shim

let words = Array(CommandLine.arguments.dropFirst())
exit(
    words.first == "init"
        ? ReaperInit.run(Array(words.dropFirst())) : RuntimeCommand.run(words) { Shim.run($0) })
