/// The variables that an instruction sees; pure.
///
/// ENV always wins over ARG, whatever comes first.
package struct BuildScope: Equatable, Sendable {
    /// Known in every build without a declaration, and kept out of history and cache keys.
    package static let proxies: Set<String> = Set(
        ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"].flatMap { [$0, $0.lowercased()] })

    /// What the build was told.
    package let given: [String: String]
    /// Those of before the first FROM, and the platform's.
    package let global: [String: String]
    /// Declared in this stage, in order; nil was declared without a value.
    package private(set) var declared: [ArgDeclaration] = []

    package init(given: [String: String], global: [String: String]) {
        self.given = given
        self.global = global
    }

    /// Declares one; what the build was told wins over the value that stands there.
    package mutating func declare(_ name: String, _ value: String?) {
        declared.removeAll { $0.name == name }
        declared.append(ArgDeclaration(name, given[name] ?? value ?? global[name]))
    }

    package func value(_ name: String, environment: [String]) -> String? {
        if let variable = environment.last(where: { $0.hasPrefix(name + "=") }) {
            return String(variable.dropFirst(name.count + 1))
        }
        if let argument = declared.last(where: { $0.name == name }) { return argument.value }
        return Self.proxies.contains(name) ? given[name] : nil
    }

    /// Arguments that commands see as variables and that count for the cache: sorted, as `NAME=value`.
    package func visible(environment: [String]) -> [String] {
        declared.filter { argument in
            argument.value != nil && !Self.proxies.contains(argument.name)
                && !environment.contains { $0.hasPrefix(argument.name + "=") }
        }.map { "\($0.name)=\($0.value ?? "")" }.sorted()
    }

    /// The proxies that the build was told, for commands.
    package func givenProxies(environment: [String]) -> [String] {
        given.filter { name, _ in
            Self.proxies.contains(name) && !environment.contains { $0.hasPrefix(name + "=") }
        }.map { "\($0.key)=\($0.value)" }.sorted()
    }
}
