internal import HTTPTypes
internal import Hummingbird
internal import JSON
internal import NIOCore

/// Why a registry refuses a request; clients read the code.
///
/// Source: distribution-spec 1.1, "Error Codes".
package enum RegistryError: Error, Equatable, Sendable {
    case blobUnknown(String)
    case uploadInvalid(String)
    case uploadUnknown
    case digestInvalid(String)
    /// A manifest names these, and they are not here.
    case manifestBlobUnknown([String])
    case manifestInvalid(String)
    case manifestTooLarge(limit: Int)
    case manifestUnknown(String)
    case nameInvalid(String)
    case nameUnknown(String)
    case sizeInvalid(String)
    /// A chunk that does not begin where the last one ended, or a range outside the blob.
    case rangeInvalid(String)
    case unsupported(String)
    /// The disk or another part of this machine failed.
    case failed(String)

    var code: String {
        switch self {
        case .blobUnknown: "BLOB_UNKNOWN"
        case .uploadInvalid, .rangeInvalid: "BLOB_UPLOAD_INVALID"
        case .uploadUnknown: "BLOB_UPLOAD_UNKNOWN"
        case .digestInvalid: "DIGEST_INVALID"
        case .manifestBlobUnknown: "MANIFEST_BLOB_UNKNOWN"
        case .manifestInvalid, .manifestTooLarge: "MANIFEST_INVALID"
        case .manifestUnknown: "MANIFEST_UNKNOWN"
        case .nameInvalid: "NAME_INVALID"
        case .nameUnknown: "NAME_UNKNOWN"
        case .sizeInvalid: "SIZE_INVALID"
        case .unsupported: "UNSUPPORTED"
        case .failed: "UNKNOWN"
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .blobUnknown, .uploadUnknown, .manifestUnknown, .nameUnknown, .manifestBlobUnknown: .notFound
        case .uploadInvalid, .digestInvalid, .manifestInvalid, .nameInvalid, .sizeInvalid: .badRequest
        case .manifestTooLarge: .contentTooLarge
        case .rangeInvalid: .rangeNotSatisfiable
        case .unsupported: .methodNotAllowed
        case .failed: .internalServerError
        }
    }

    var message: String {
        switch self {
        case .blobUnknown(let digest): "blob \(digest): unknown to this repository"
        case .uploadUnknown: "upload: unknown, ended or expired; start another"
        case .manifestBlobUnknown(let digests): "manifest: names \(digests.count) that this repository has not"
        case .manifestTooLarge(let limit): "manifest: longer than \(limit) bytes"
        case .manifestUnknown(let reference): "manifest \(reference): unknown to this repository"
        case .nameInvalid(let name): "repository name \(name): not valid"
        case .nameUnknown(let name): "repository \(name): unknown to this registry"
        case .uploadInvalid(let why), .digestInvalid(let why), .manifestInvalid(let why), .sizeInvalid(let why),
            .rangeInvalid(let why), .unsupported(let why), .failed(let why):
            why
        }
    }

    /// One entry per cause.
    private var entries: [JSONValue] {
        guard case .manifestBlobUnknown(let digests) = self else {
            return [["code": .string(code), "message": .string(message)]]
        }
        return digests.map { digest in
            [
                "code": .string(code), "message": "manifest: names what this repository has not",
                "detail": ["digest": .string(digest)],
            ]
        }
    }

    var answer: Response {
        let body: JSONValue = ["errors": .array(entries)]
        return Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.encoded())))
    }
}
