internal import ContainerRuntime
internal import Glibc
internal import Shim

let words = Array(CommandLine.arguments.dropFirst())
let forDaemon = ["shim": { Shim.run($0) }, "nursery": { Nursery.run($0) }]
switch words.first {
case "init": exit(ReaperInit.run(Array(words.dropFirst())))
case "hold": exit(Hold.run())
default: exit(RuntimeCommand.run(words, others: forDaemon))
}
