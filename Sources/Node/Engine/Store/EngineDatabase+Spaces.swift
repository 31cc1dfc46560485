internal import Foundation
internal import GRDB
internal import JSON
internal import Volumes

/// The spaces with a limit, as ``SpaceStore`` writes them down.
extension EngineDatabase: SpaceLedger {
    func spaces() throws(VolumesError) -> [SpaceRecord] {
        do throws(EngineError) {
            let rows = try reading("spaces") { try Row.fetchAll($0, sql: "SELECT record FROM space") }
            return rows.compactMap { row in
                (try? Self.bytes(row, "record")).flatMap { try? Self.coder.decode(SpaceRecord.self, from: $0) }
            }
        } catch {
            throw .failed(error.message)
        }
    }

    func save(_ space: SpaceRecord, durable: Bool) async throws(VolumesError) {
        do throws(EngineError) {
            let bytes = try Self.encoded(space)
            try await writing("space \(space.id)", durable: durable) { database in
                try database.execute(
                    sql: "INSERT OR REPLACE INTO space (id, record) VALUES (?, ?)",
                    arguments: [Int64(space.id), Data(bytes)])
            }
        } catch {
            throw .failed(error.message)
        }
    }

    func deleteSpace(_ id: UInt32, durable: Bool) async throws(VolumesError) {
        do throws(EngineError) {
            try await writing("space \(id)", durable: durable) { database in
                try database.execute(sql: "DELETE FROM space WHERE id = ?", arguments: [Int64(id)])
            }
        } catch {
            throw .failed(error.message)
        }
    }
}
