internal import DockerClient

/// The command line: finds the verb, runs it, says what went wrong.
package enum Pouch {
    /// What `pouch --version` says.
    static let version = "0.1.0"

    /// Runs one command line, without the program's name, and gives the code to exit with.
    package static func main(_ words: [String]) -> Int32 {
        Invocation(words: words).run()
    }
}

/// One call of the program.
struct Invocation {
    let words: [String]
    var environment: (String) -> String? = variable
    var descriptors: (input: Int32, output: Int32, errors: Int32) = (0, 1, 2)
    var ownsSignals = true

    func say(_ text: String, to descriptor: Int32) {
        try? writeAll(Array(text.utf8)[...], to: descriptor)
    }

    func run() -> Int32 {
        if let code = HiddenCommands(invocation: self).run() { return code }
        var options = GlobalOptions()
        do throws(UsageError) {
            let rest = try FlagParser(flags: GlobalOptions.flags, stopsAtOperand: true).parse(
                words[...], into: &options)
            if options.showsVersion {
                say("Pouch version \(Pouch.version)\n", to: descriptors.output)
                return 0
            }
            return try find(rest[...], in: Pouch.commands, path: "pouch", options)
        } catch {
            if error == .help {
                say(Help.overview(Pouch.commands), to: descriptors.output)
                return 0
            }
            say("pouch: \(error)\n\nRun 'pouch --help' for more information.\n", to: descriptors.errors)
            if case .unknownCommand = error { return 1 }
            return 125
        }
    }

    private func find(
        _ words: ArraySlice<String>, in commands: [Command], path: String, _ options: GlobalOptions
    ) throws(UsageError) -> Int32 {
        guard let word = words.first, word != "help" || path != "pouch" else {
            return try help(words.dropFirst(), options)
        }
        guard let command = commands.first(where: { $0.answers(to: word) }) else {
            throw .unknownCommand("\(path) \(word)", nearest: nearest(word, in: commands.map(\.name)))
        }
        let rest = words.dropFirst()
        switch command {
        case .verb(let type, _): return perform(type, rest, path: "\(path) \(word)", options)
        case .group(let name, let summary, let children):
            if rest.isEmpty || rest.first == "--help" || rest.first == "-h" {
                say(Help.text(forGroup: name, summary: summary, children), to: descriptors.output)
                return 0
            }
            return try find(rest, in: children, path: "\(path) \(word)", options)
        }
    }

    /// `pouch help run` is `pouch run --help`.
    private func help(_ words: ArraySlice<String>, _ options: GlobalOptions) throws(UsageError) -> Int32 {
        guard !words.isEmpty else { throw .help }
        return try find(words + ["--help"], in: Pouch.commands, path: "pouch", options)
    }

    private func perform<Subject: Verb>(
        _ type: Subject.Type, _ words: ArraySlice<String>, path: String, _ options: GlobalOptions
    ) -> Int32 {
        let verb: Subject
        do throws(UsageError) {
            verb = try Subject.parsed(words)
        } catch {
            guard error != .help else {
                let width = Terminal.size(descriptors.output).map { Int($0.columns) } ?? 80
                say(Help.text(for: type, path: path, width: max(60, width)), to: descriptors.output)
                return 0
            }
            let usage = "Usage:  \(Help.usageLine(type, path: path))\n\nRun '\(path) --help' for more information"
            say("pouch: \(error)\n\n\(usage)\n", to: descriptors.errors)
            if case .operands = error { return 1 }
            return 125
        }
        do throws(ClientError) {
            let client = DockerClient(try options.endpoint(environment))
            return run(verb, client, options)
        } catch {
            say("pouch: \(error)\n", to: descriptors.errors)
            return 1
        }
    }

    private func run(_ verb: some Verb, _ client: DockerClient, _ options: GlobalOptions) -> Int32 {
        let session = Session(
            client: client, input: descriptors.input, output: descriptors.output, errors: descriptors.errors,
            ownsSignals: ownsSignals, isDebugging: options.isDebugging, environment: environment)
        do throws(Failure) {
            try verb.run(session)
            try session.flush()
            return 0
        } catch {
            if let text = session.sentence(for: error) {
                session.complain("pouch: \(text)")
            } else {
                try? session.flush()
            }
            return error.code
        }
    }
}
