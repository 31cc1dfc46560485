/// What the shell may offer at the end of an unfinished command line.
///
/// Pure: names of containers and the like are asked for by whoever calls.
struct Completion: Equatable {
    /// A word with what it means, which some shells show.
    struct Candidate: Equatable {
        var word: String
        var help = ""
    }

    var candidates: [Candidate] = []
    /// What else fits, if it has to be asked for.
    var kind = Completes.nothing

    /// Looks at the words after `pouch`; the last one is unfinished.
    init(_ words: [String], in commands: [Command]) {
        let last = words.last ?? ""
        let done = words.dropLast()[...]
        if let flag = Self.flagBefore(done.last, GlobalOptions.flags.map { FlagLine($0) }), flag.placeholder != nil {
            kind = flag.completes
            return
        }
        complete(Self.withoutGlobalFlags(done), last, commands)
    }

    private static func withoutGlobalFlags(_ words: ArraySlice<String>) -> ArraySlice<String> {
        var rest = words
        while let word = rest.first, word.hasPrefix("-") {
            let takesValue = flagBefore(word, GlobalOptions.flags.map { FlagLine($0) })?.placeholder != nil
            rest = rest.dropFirst(takesValue && !word.contains("=") ? 2 : 1)
        }
        return rest
    }

    private mutating func complete(_ done: ArraySlice<String>, _ last: String, _ commands: [Command]) {
        guard let word = done.first else {
            var all = commands.map { Candidate(word: $0.name, help: $0.summary) }
            if last.hasPrefix("-") {
                all = GlobalOptions.flags.map { Candidate(word: "--\($0.long)", help: $0.help) }
            }
            candidates = all.filter { $0.word.hasPrefix(last) }
            return
        }
        switch commands.first(where: { $0.answers(to: word) }) {
        case .group(_, _, let children)?: complete(done.dropFirst(), last, children)
        case .verb(let type, _)?: complete(type, done.dropFirst(), last)
        case nil: break
        }
    }

    private mutating func complete(_ type: any Verb.Type, _ done: ArraySlice<String>, _ last: String) {
        let flags = Help.flagLines(of: type)
        let (operands, open) = Self.operands(done, flags, stops: type.usage.stopsAtOperand)
        if let open {
            offer(open.completes, startingWith: last)
        } else if last.hasPrefix("-"), operands == 0 || !type.usage.stopsAtOperand {
            if let equals = last.firstIndex(of: "="), last.hasPrefix("--") {
                let name = last[..<equals]
                guard let flag = flags.first(where: { "--\($0.long)" == name }) else { return }
                offer(flag.completes, startingWith: String(last[last.index(after: equals)...]))
                candidates = candidates.map { Candidate(word: "\(name)=\($0.word)", help: $0.help) }
                return
            }
            candidates = (flags.map { Candidate(word: "--\($0.long)", help: $0.help) } + [Candidate(word: "--help")])
                .filter { $0.word.hasPrefix(last) }
        } else if type.usage.stopsAtOperand, operands > 0 {
            kind = .files
        } else if operands < type.usage.operands.upperBound {
            offer(type.usage.completes, startingWith: last)
        }
    }

    private mutating func offer(_ kind: Completes, startingWith last: String) {
        if case .choices(let words) = kind {
            candidates = words.filter { $0.hasPrefix(last) }.map { Candidate(word: $0) }
        } else {
            self.kind = kind
        }
    }

    /// How many words are no flags, and the flag that still waits for its value.
    private static func operands(
        _ words: ArraySlice<String>, _ flags: [FlagLine], stops: Bool
    ) -> (count: Int, open: FlagLine?) {
        var count = 0
        var rest = words
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                count += 1
                if stops { return (count + rest.count, nil) }
                continue
            }
            guard let flag = flagBefore(word, flags), flag.placeholder != nil else { continue }
            if rest.popFirst() == nil { return (count, flag) }
        }
        return (count, nil)
    }

    /// The flag that `word` ends with and that takes the next word as its value.
    private static func flagBefore(_ word: String?, _ flags: [FlagLine]) -> FlagLine? {
        guard let word, word.hasPrefix("-"), !word.contains("=") else { return nil }
        if word.hasPrefix("--") { return flags.first { "--\($0.long)" == word } }
        return flags.first { $0.short != nil && $0.short == word.last }
    }
}

/// The scripts that teach shells to ask `pouch` for completions.
enum CompletionScript {
    static let shells = ["bash", "zsh", "fish"]

    static func text(for shell: String) -> String? {
        switch shell {
        case "bash": bash
        case "zsh": zsh
        case "fish": fish
        default: nil
        }
    }

    private static let bash = """
        # bash completion for pouch
        _pouch() {
            local current="${COMP_WORDS[COMP_CWORD]}" line
            COMPREPLY=()
            while IFS= read -r line; do
                if [ "$line" = ":files" ]; then
                    compopt -o filenames 2>/dev/null
                    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
                else
                    COMPREPLY+=("${line%%$'\\t'*}")
                fi
            done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
            # What stands before a colon has been typed already.
            if [[ $current == *:* ]]; then
                local typed="${current%"${current##*:}"}" index
                for index in "${!COMPREPLY[@]}"; do COMPREPLY[index]="${COMPREPLY[index]#"$typed"}"; done
            fi
        }
        complete -F _pouch pouch

        """

    private static let zsh = """
        #compdef pouch
        _pouch() {
            local -a candidates
            local line
            for line in "${(@f)$(${words[1]} __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
                case "$line" in
                    ":files") _files ;;
                    *$'\\t'*) candidates+=("${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}") ;;
                    ?*) candidates+=("${line//:/\\\\:}") ;;
                esac
            done
            (( ${#candidates} )) && _describe 'pouch' candidates
        }
        if [ "$funcstack[1]" = "_pouch" ]; then _pouch "$@"; else compdef _pouch pouch; fi

        """

    private static let fish = """
        # fish completion for pouch
        function __pouch_complete
            set -l words (commandline -opc) (commandline -ct)
            for line in (pouch __complete $words[2..-1] 2>/dev/null)
                if test "$line" = ":files"
                    __fish_complete_path (commandline -ct)
                else
                    echo $line
                end
            end
        end
        complete -c pouch -f -a '(__pouch_complete)'

        """
}
