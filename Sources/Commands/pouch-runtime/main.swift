internal import ContainerRuntime
internal import Glibc
internal import Shim

let words = Array(CommandLine.arguments.dropFirst())
let forDaemon = ["shim": { Shim.run($0) }, "nursery": { Nursery.run($0) }]
exit(
    words.first == "init"
        ? ReaperInit.run(Array(words.dropFirst())) : RuntimeCommand.run(words, others: forDaemon))
