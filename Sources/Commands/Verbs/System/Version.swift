internal import DockerClient
internal import JSON

/// What `pouch version` does.
struct Version: Verb {
    static let usage = Usage(name: "version", summary: "Show the Pouch version information")

    var format: String?

    static var flags: [Flag<Version>] {
        [.text("format", short: "f", "Format output using a custom template: 'json', or a Go TEMPLATE", \.format)]
    }

    func run(_ session: Session) throws(Failure) {
        let template = try format.flatMap { (text) throws(Failure) in text == "json" ? nil : try Listing.template(text)
        }
        let client: JSONObject = [
            "Version": .string(Pouch.version), "ApiVersion": "1.48", "Os": "linux", "Arch": .string(Self.architecture),
        ]
        var value: JSONValue = ["Client": .object(client), "Server": nil]
        var failure: Failure?
        do throws(Failure) {
            value["Server"] = try session.get("/version")
        } catch {
            failure = error
        }
        if let template {
            try session.say(try Listing.running { () throws(TemplateError) in try template.execute(on: value) })
        } else {
            try session.say(format == "json" ? "\(value)" : Self.text(value))
        }
        if let failure { throw failure }
    }

    private static var architecture: String {
        #if arch(arm64)
            "arm64"
        #else
            "amd64"
        #endif
    }

    static func text(_ value: JSONValue) -> String {
        func field(_ name: String, _ value: JSONValue?, indent: String = " ") -> String {
            let label = "\(indent)\(name):"
            return label + String(repeating: " ", count: max(1, 20 - label.count)) + (value?.templateText ?? "") + "\n"
        }
        let client = value["Client"]
        var text = "Client:\n" + field("Version", client?["Version"]) + field("API version", client?["ApiVersion"])
        text += field("OS/Arch", .string("\(client?["Os"]?.templateText ?? "")/\(client?["Arch"]?.templateText ?? "")"))
        guard let server = value["Server"], server != .null else { return String(text.dropLast()) }
        let platform = server["Platform"]?["Name"]?.stringValue ?? ""
        text += "\nServer:\(platform.isEmpty ? "" : " \(platform)")\n"
        for component in server["Components"]?.arrayValue ?? [["Name": "Engine", "Version": server["Version"] ?? ""]] {
            text += " \(component["Name"]?.templateText ?? ""):\n"
            text += field("Version", component["Version"], indent: "  ")
            let details = component["Details"]?.objectValue ?? [:]
            if component["Name"]?.stringValue == "Engine" {
                text += engine(server, details, field)
            } else {
                for (name, detail) in details.sorted { text += field(name, detail, indent: "  ") }
            }
        }
        return String(text.dropLast())
    }

    private static func engine(
        _ server: JSONValue, _ details: JSONObject, _ field: (String, JSONValue?, String) -> String
    ) -> String {
        func take(_ key: String) -> JSONValue { server[key] ?? details[key] ?? "" }
        let api = "\(take("ApiVersion").templateText) (minimum version \(server["MinAPIVersion"]?.templateText ?? ""))"
        var text = field("API version", .string(api), "  ")
        if take("GoVersion") != "" { text += field("Go version", take("GoVersion"), "  ") }
        text += field("Git commit", take("GitCommit"), "  ")
        if let built = take("BuildTime").stringValue, !built.isEmpty { text += field("Built", .string(built), "  ") }
        text += field("OS/Arch", .string("\(take("Os").templateText)/\(take("Arch").templateText)"), "  ")
        return text + field("Kernel", take("KernelVersion"), "  ")
    }
}

/// What `pouch info` does.
struct SystemInfo: Verb {
    static let usage = Usage(name: "info", summary: "Display system-wide information")

    var format: String?

    static var flags: [Flag<SystemInfo>] {
        [.text("format", short: "f", "Format output using a custom template: 'json', or a Go TEMPLATE", \.format)]
    }

    func run(_ session: Session) throws(Failure) {
        let info = try session.get("/info")
        guard let format else {
            try session.say(Self.text(info))
            for warning in info["Warnings"]?.arrayValue ?? [] { session.complain(warning.templateText) }
            return
        }
        if format == "json" { return try session.say("\(info)") }
        let template = try Listing.template(format)
        try session.say(try Listing.running { () throws(TemplateError) in try template.execute(on: info) })
    }

    static func text(_ info: JSONValue) -> String {
        var lines = ["Client:", " Version:    \(Pouch.version)", "", "Server:"]
        func add(_ label: String, _ value: String?, indent: Int = 1) {
            guard let value, !value.isEmpty else { return }
            lines.append(String(repeating: " ", count: indent) + "\(label): \(value)")
        }
        func text(_ key: String) -> String? { info[key].map { $0 == .null ? "" : $0.templateText } }
        for (label, key) in [
            ("Containers", "Containers"), (" Running", "ContainersRunning"), (" Paused", "ContainersPaused"),
            (" Stopped", "ContainersStopped"), ("Images", "Images"), ("Server Version", "ServerVersion"),
            ("Storage Driver", "Driver"),
        ] { add(label, text(key)) }
        for pair in info["DriverStatus"]?.arrayValue ?? [] {
            add(pair[0]?.templateText ?? "", pair[1]?.templateText, indent: 2)
        }
        for (label, key) in [
            ("Logging Driver", "LoggingDriver"), ("Cgroup Driver", "CgroupDriver"),
            ("Cgroup Version", "CgroupVersion"),
        ] { add(label, text(key)) }
        lines.append(contentsOf: plugins(info))
        add("Runtimes", (info["Runtimes"]?.objectValue?.keys.sorted() ?? []).joined(separator: " "))
        for (label, key) in [("Default Runtime", "DefaultRuntime"), ("Init Binary", "InitBinary")] {
            add(label, text(key))
        }
        lines.append(contentsOf: security(info))
        for (label, key) in [
            ("Kernel Version", "KernelVersion"), ("Operating System", "OperatingSystem"), ("OSType", "OSType"),
            ("Architecture", "Architecture"), ("CPUs", "NCPU"),
        ] { add(label, text(key)) }
        add("Total Memory", info["MemTotal"]?.doubleValue.map { Human.binarySize($0) })
        for (label, key) in [
            ("Name", "Name"), ("ID", "ID"), ("Docker Root Dir", "DockerRootDir"), ("Debug Mode", "Debug"),
            ("Experimental", "ExperimentalBuild"), ("Live Restore Enabled", "LiveRestoreEnabled"),
        ] { add(label, text(key)) }
        let labels = (info["Labels"]?.arrayValue ?? []).map(\.templateText)
        if !labels.isEmpty { lines += [" Labels:"] + labels.map { "  \($0)" } }
        return lines.joined(separator: "\n")
    }

    private static func plugins(_ info: JSONValue) -> [String] {
        let kinds = [" Volume", "Network", "Log"].map { name -> String in
            let trimmed = name.filter { $0 != " " }
            let list = (info["Plugins"]?[trimmed]?.arrayValue ?? []).map(\.templateText)
            return list.isEmpty ? "" : "  \(trimmed): \(list.joined(separator: " "))"
        }.filter { !$0.isEmpty }
        return kinds.isEmpty ? [] : [" Plugins:"] + kinds
    }

    /// `name=seccomp,profile=builtin` as a name with its settings below.
    private static func security(_ info: JSONValue) -> [String] {
        let options = (info["SecurityOptions"]?.arrayValue ?? []).map(\.templateText)
        guard !options.isEmpty else { return [] }
        return [" Security Options:"]
            + options.flatMap { option -> [String] in
                let pairs = option.split(separator: ",").map { split(String($0), at: "=") }
                return pairs.map { $0.0 == "name" ? "  \($0.1 ?? "")" : "   \($0.0.capitalized): \($0.1 ?? "")" }
            }
    }
}

extension String {
    /// The same with a capital first letter.
    var capitalized: String { prefix(1).uppercased() + dropFirst() }
}
