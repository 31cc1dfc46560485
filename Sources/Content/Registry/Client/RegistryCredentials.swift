package import JSON
internal import Units

/// Who asks a registry; empty for nobody in particular.
package struct RegistryCredentials: Hashable, Sendable {
    package var username = ""
    package var password = ""
    /// A refresh token that the registry's authority gave for a login.
    package var identityToken = ""
    /// A token to be sent as it is.
    package var registryToken = ""

    package init(username: String = "", password: String = "", identityToken: String = "", registryToken: String = "") {
        self.username = username
        self.password = password
        self.identityToken = identityToken
        self.registryToken = registryToken
    }

    package var isEmpty: Bool { self == RegistryCredentials() }
    var hasPassword: Bool { !username.isEmpty || !password.isEmpty }

    /// What the `Basic` scheme sends.
    var basic: String { "Basic " + Base64.encoded(Array("\(username):\(password)".utf8)) }
}

extension RegistryCredentials: JSONCodable {
    /// Docker's `AuthConfig`; `auth` is `username:password` in base64.
    package init(json: JSONField) throws(JSONError) {
        username = try json["username"].stringIfPresent() ?? ""
        password = try json["password"].stringIfPresent() ?? ""
        identityToken = try json["identitytoken"].stringIfPresent() ?? ""
        registryToken = try json["registrytoken"].stringIfPresent() ?? ""
        if let auth = try json["auth"].nonEmptyString(), username.isEmpty {
            guard let bytes = Base64.decoded(auth), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
                throw json["auth"].invalid("expected name:password in base64")
            }
            username = String(decoding: bytes[..<colon], as: UTF8.self)
            password = String(decoding: bytes[(colon + 1)...], as: UTF8.self)
        }
    }

    package var json: JSONValue {
        [
            "username": .string(username), "password": .string(password), "identitytoken": .string(identityToken),
            "registrytoken": .string(registryToken),
        ]
    }

    /// Reads an `X-Registry-Auth` header: an `AuthConfig` in base64, of either alphabet.
    ///
    /// - Throws: ``RegistryError/malformed(_:)``.
    package init(header: String) throws(RegistryError) {
        let text = header.filter { $0 != " " }
        guard let bytes = Base64.decoded(text) else { throw .malformed("X-Registry-Auth: not base64") }
        guard bytes.contains(where: { $0 > 32 }) else {
            self.init()
            return
        }
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes)
            if value.isNull { self.init() } else { try self.init(json: JSONField(value)) }
        } catch {
            throw .malformed("X-Registry-Auth: \(error)")
        }
    }
}
