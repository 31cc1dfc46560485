/// What a RUN runs; pure.
///
/// A here-document that is all of the command is the script: for the shell, or for the program that its first line names.
/// Else it is the shell's own.
///
/// Source: Dockerfile reference, "Here-documents".
struct CommandScript: Equatable, Sendable {
    let words: [String]
    /// The content of a file that is run itself, and what it is called.
    private(set) var file: String?
    private(set) var fileName = ""

    /// Where such a file is seen.
    static let folder = "/dev/pipes"

    init(_ run: RunInstruction, shell: [String]) {
        guard case .shell(let text) = run.command, let first = run.heredocs.first else {
            words = run.command.words(shell: shell)
            return
        }
        guard Heredoc(word: text) != nil else {
            let whole = run.heredocs.reduce(text) { "\($0)\n\($1.content)\($1.name)" }
            words = shell + [whole]
            return
        }
        if first.text.hasPrefix("#!") {
            file = first.text
            fileName = first.name
            words = ["\(Self.folder)/\(first.name)"]
        } else {
            words = shell + [first.text]
        }
    }
}
