internal import DockerClient
internal import JSON
internal import LinuxKernel

/// What shells and the Makefile ask for; help does not show it.
struct HiddenCommands {
    let invocation: Invocation

    /// Runs one, or gives `nil` when `words` are none.
    func run() -> Int32? {
        let words = invocation.words
        switch words.first {
        case "__complete": return complete(Array(words.dropFirst()))
        case "--generate-completion-script", "completion":
            guard words.count == 2, let script = CompletionScript.text(for: words[1]) else {
                return fail("\(words[0]): expected one of \(CompletionScript.shells.joined(separator: ", "))")
            }
            invocation.say(script, to: invocation.descriptors.output)
            return 0
        case "generate-manual":
            return generateManual(Array(words.dropFirst()))
        case "simulate": return fail(Simulate.program.become(Array(words.dropFirst()), invocation.environment))
        case let word? where PoolVerbs.concern(words):
            return fail(PoolVerbs.program(word).become(words, invocation.environment))
        default: return nil
        }
    }

    /// Our own pages into a folder, or with `-` after it those of the program whose description comes by standard input.
    private func generateManual(_ words: [String]) -> Int32 {
        guard words.count == 1 || (words.count == 2 && words[1] == "-") else {
            return fail("generate-manual: expected a folder, and - for the description of a program on standard input")
        }
        do throws(SyscallError) {
            if words.count == 1 {
                try Manual.write(Manual.pages(Pouch.commands), to: words[0])
                return 0
            }
            let input = try WholeFile.read("/dev/fd/\(invocation.descriptors.input)")
            guard let dump = try? JSONValue(parsing: input), let pages = ProgramManual.pages(dump) else {
                return fail("generate-manual: what came is no description of a program (--experimental-dump-help)")
            }
            try Manual.write(pages, to: words[0])
            return 0
        } catch {
            return fail("\(error)")
        }
    }

    private func fail(_ text: String) -> Int32 {
        invocation.say("pouch: \(text)\n", to: invocation.descriptors.errors)
        return 1
    }

    /// Prints one candidate to a line; `:files` stands for the names of files.
    private func complete(_ words: [String]) -> Int32 {
        let completion = Completion(words, in: Pouch.commands)
        var lines = completion.candidates.map { $0.help.isEmpty ? $0.word : "\($0.word)\t\($0.help)" }
        if completion.kind == .files { lines.append(":files") }
        lines += names(completion.kind).filter { $0.hasPrefix(words.last ?? "") }
        invocation.say(lines.map { $0 + "\n" }.joined(), to: invocation.descriptors.output)
        return 0
    }

    /// Asks the daemon; without one there is nothing to offer.
    private func names(_ kind: Completes) -> [String] {
        guard let endpoint = try? GlobalOptions().endpoint(invocation.environment) else { return [] }
        func ask(_ path: String, _ query: Query = [:]) -> JSONValue {
            (try? DockerClient(endpoint).get(path, query).json()) ?? .null
        }
        switch kind {
        case .containers, .runningContainers:
            let all: Query = kind == .containers ? ["all": "1"] : [:]
            return (ask("/containers/json", all).arrayValue ?? []).flatMap { $0["Names"]?.arrayValue ?? [] }
                .compactMap { $0.stringValue.map { String($0.drop { $0 == "/" }) } }
        case .images:
            return (ask("/images/json").arrayValue ?? []).flatMap { $0["RepoTags"]?.arrayValue ?? [] }
                .compactMap(\.stringValue)
        case .volumes: return (ask("/volumes")["Volumes"]?.arrayValue ?? []).compactMap { $0["Name"]?.stringValue }
        case .networks: return (ask("/networks").arrayValue ?? []).compactMap { $0["Name"]?.stringValue }
        case .nothing, .files, .choices: return []
        }
    }
}
