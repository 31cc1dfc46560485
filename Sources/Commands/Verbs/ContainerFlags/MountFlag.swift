internal import JSON

/// The value of `--mount`: comma-separated keys.
///
/// Source: docker run(1), --mount; Docker Engine API 1.48, Mount.
struct MountFlag {
    private var mount: JSONObject = ["Type": "volume"]
    private var bind: JSONObject = [:]
    private var volume: JSONObject = [:]
    private var driver: JSONObject = [:]
    private var driverOptions: JSONObject = [:]
    private var labels: JSONObject = [:]
    private var tmpfs: JSONObject = [:]
    private var image: JSONObject = [:]

    static func parse(_ text: String) throws(FlagError) -> JSONValue {
        var flag = MountFlag()
        for field in Self.fields(text) {
            let (key, value) = split(field, at: "=")
            try flag.take(key.lowercased(), value)
        }
        return try flag.json()
    }

    /// Commas inside double quotes part nothing.
    static func fields(_ text: String) -> [String] {
        var fields = [""]
        var isQuoted = false
        for character in text {
            if character == "\"" {
                isQuoted.toggle()
            } else if character == ",", !isQuoted {
                fields.append("")
            } else {
                fields[fields.count - 1].append(character)
            }
        }
        return fields
    }

    private mutating func take(_ key: String, _ value: String?) throws(FlagError) {
        switch key {
        case "readonly", "ro": return mount["ReadOnly"] = .bool(try boolean(value ?? "true"))
        case "volume-nocopy": return volume["NoCopy"] = .bool(try boolean(value ?? "true"))
        case "bind-nonrecursive": return bind["NonRecursive"] = .bool(try boolean(value ?? "true"))
        case "bind-create-src": return bind["CreateMountpoint"] = .bool(try boolean(value ?? "true"))
        default: break
        }
        guard let value else { throw FlagError(reason: "invalid field '\(key)' must be a key=value pair") }
        switch key {
        case "type": mount["Type"] = .string(value.lowercased())
        case "source", "src": mount["Source"] = .string(value)
        case "target", "dst", "destination": mount["Target"] = .string(value)
        case "consistency": mount["Consistency"] = .string(value.lowercased())
        case "bind-propagation": bind["Propagation"] = .string(value.lowercased())
        case "bind-recursive": try takeRecursion(value)
        case "volume-driver": driver["Name"] = .string(value)
        case "volume-opt":
            let (name, option) = split(value, at: "=")
            driverOptions[name] = .string(option ?? "")
        case "volume-label":
            let (name, label) = split(value, at: "=")
            labels[name] = .string(label ?? "")
        case "volume-subpath": volume["Subpath"] = .string(value)
        case "image-subpath": image["Subpath"] = .string(value)
        case "tmpfs-size": tmpfs["SizeBytes"] = .integer(try parsedBytes(value))
        case "tmpfs-mode":
            guard let mode = Int64(value, radix: 8) else {
                throw FlagError(reason: "tmpfs-mode: expected octal digits")
            }
            tmpfs["Mode"] = .integer(mode)
        default: throw FlagError(reason: "unexpected key '\(key)' in '\(key)=\(value)'")
        }
    }

    private mutating func takeRecursion(_ value: String) throws(FlagError) {
        switch value {
        case "enabled": break
        case "disabled": bind["NonRecursive"] = true
        case "writable": bind["ReadOnlyNonRecursive"] = true
        case "readonly": bind["ReadOnlyForceRecursive"] = true
        default: throw FlagError(reason: "bind-recursive: expected enabled, disabled, writable or readonly")
        }
    }

    private func json() throws(FlagError) -> JSONValue {
        var mount = mount
        let type = mount["Type"]?.stringValue ?? ""
        guard mount["Target"] != nil else { throw FlagError(reason: "target is required") }
        if type == "bind" {
            guard let source = mount["Source"]?.stringValue else { throw FlagError(reason: "source is required") }
            mount["Source"] = .string(absolute(source))
        }
        var volume = volume
        volume.set("Labels", labels)
        var driver = driver
        driver.set("Options", driverOptions)
        volume.set("DriverConfig", driver)
        let groups = [
            ("bind", "BindOptions", bind), ("volume", "VolumeOptions", volume), ("tmpfs", "TmpfsOptions", tmpfs),
            ("image", "ImageOptions", image),
        ]
        for (owner, key, options) in groups where !options.isEmpty {
            guard owner == type else {
                throw FlagError(reason: "cannot mix '\(owner)-*' options with mount type '\(type)'")
            }
            mount[key] = .object(options)
        }
        return .object(mount)
    }
}
