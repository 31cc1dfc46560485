internal import CLinux
internal import Glibc
internal import JSON
internal import LinuxKernel

/// A program that keeps passwords: `docker-credential-NAME` on the path.
///
/// Source: github.com/docker/docker-credential-helpers, README, "Development".
struct CredentialProgram {
    private let program: String
    private let environment: (String) -> String?

    init(_ name: String, _ environment: @escaping (String) -> String?) {
        program = "docker-credential-\(name)"
        self.environment = environment
    }

    /// What it keeps for one registry.
    struct Secret {
        var username: String
        var secret: String

        /// A secret of the user `<token>` is an identity token.
        func authConfig(for key: String) -> JSONObject {
            username == "<token>"
                ? ["identitytoken": .string(secret), "serveraddress": .string(key)]
                : ["username": .string(username), "password": .string(secret), "serveraddress": .string(key)]
        }
    }

    /// Nil when it keeps nothing for `server`.
    func get(_ server: String) throws(Failure) -> Secret? {
        let (output, status) = try run("get", Array(server.utf8))
        guard status == 0 else {
            let said = String(decoding: output, as: UTF8.self)
            if said.contains("credentials not found") { return nil }
            throw .message("\(program) get: \(said.isEmpty ? "it ended with \(status)" : said.trimmed)")
        }
        guard let answer = try? JSONValue(parsing: output), let username = answer["Username"]?.stringValue,
            let secret = answer["Secret"]?.stringValue
        else { throw .message("\(program) get: it did not answer with credentials") }
        return Secret(username: username, secret: secret)
    }

    func store(_ server: String, username: String, secret: String) throws(Failure) {
        let body: JSONValue = [
            "ServerURL": .string(server), "Username": .string(username), "Secret": .string(secret),
        ]
        try demand("store", body.encoded())
    }

    func erase(_ server: String) throws(Failure) { try demand("erase", Array(server.utf8)) }

    private func demand(_ verb: String, _ input: [UInt8]) throws(Failure) {
        let (output, status) = try run(verb, input)
        guard status == 0 else {
            throw .message("\(program) \(verb): \(String(decoding: output, as: UTF8.self).trimmed)")
        }
    }

    private func run(_ verb: String, _ input: [UInt8]) throws(Failure) -> (output: [UInt8], status: Int32) {
        do throws(SyscallError) {
            var toChild: [Int32] = [-1, -1]
            var fromChild: [Int32] = [-1, -1]
            try checkNegative("pipe") { clinux_pipe(&toChild) }
            let childInput = Descriptor(owning: toChild[0])
            let writing = Descriptor(owning: toChild[1])
            try checkNegative("pipe") { clinux_pipe(&fromChild) }
            let reading = Descriptor(owning: fromChild[0])
            let childOutput = Descriptor(owning: fromChild[1])
            let arguments = CStringArray([program, verb])
            let variables = CStringArray(Programs.environment())
            let table = [
                clinux_spawn_descriptor(from: childInput.raw, to: 0),
                clinux_spawn_descriptor(from: childOutput.raw, to: 1), clinux_spawn_descriptor(from: 2, to: 2),
            ]
            let pid = try checkNegative("spawn", program) {
                clinux_spawn(program, arguments.pointers, variables.pointers, nil, 0, table, table.count)
            }
            _ = consume childInput
            _ = consume childOutput
            try writing.writeAll(input)
            _ = consume writing
            let output = try reading.readToEnd()
            var status: Int32 = 0
            try check("waitpid") { waitpid(pid, &status, 0) }
            return (output, (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))
        } catch {
            throw .message(
                error.errno == ENOENT
                    ? "\(program): not found on PATH; install it, or take it out of config.json" : "\(error)")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var rest = Substring(self)
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
