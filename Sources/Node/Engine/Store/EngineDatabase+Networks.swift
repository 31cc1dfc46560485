internal import Foundation
internal import GRDB
internal import JSON
internal import Networking
internal import Units

extension EngineDatabase {
    func networks() throws(EngineError) -> [NetworkRecord] {
        let rows = try reading("networks") { try Row.fetchAll($0, sql: "SELECT record FROM network") }
        return rows.compactMap { row in
            (try? Self.bytes(row, "record")).flatMap { try? Self.coder.decode(NetworkRecord.self, from: $0) }
        }
    }

    func insert(_ network: NetworkRecord) async throws(EngineError) {
        let bytes = try Self.encoded(network)
        try await writing("network \(network.name)", durable: true) { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO network (id, name, record) VALUES (?, ?, ?)",
                arguments: [network.id, network.name, Data(bytes)])
        }
    }

    /// With the addresses that containers have in it.
    func deleteNetwork(_ id: String) async throws(EngineError) {
        try await writing("network \(id)", durable: true) { database in
            try database.execute(sql: "DELETE FROM reservation WHERE network = ?", arguments: [id])
            try database.execute(sql: "DELETE FROM network WHERE id = ?", arguments: [id])
        }
    }

    /// Rows that cannot be read hold nothing.
    func reservations() throws(EngineError) -> [Reservation] {
        let rows = try reading("addresses") {
            try Row.fetchAll($0, sql: "SELECT container, network, ipv4, ipv6, mac FROM reservation")
        }
        return rows.compactMap { row in
            func address(_ column: String) -> IPAddress? {
                let text: String? = row[column]
                return text.flatMap { try? IPAddress(parsing: $0) }
            }
            guard let container: String = row["container"], let network: String = row["network"],
                let text: String = row["mac"], let mac = try? MACAddress(parsing: text)
            else { return nil }
            return Reservation(
                network: network, container: container, ipv4: address("ipv4"), ipv6: address("ipv6"), mac: mac)
        }
    }

    /// Never waits for the disk: the next durable write, such as that of the container itself, takes them along.
    func insert(_ reservations: [Reservation]) async throws(EngineError) {
        try await writing("addresses", durable: false) { database in
            for one in reservations {
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO reservation (container, network, ipv4, ipv6, mac) VALUES (?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        one.container, one.network, one.ipv4?.description, one.ipv6?.description, one.mac.description,
                    ])
            }
        }
    }

    func deleteReservations(of container: String, in network: String?) async throws(EngineError) {
        try await writing("addresses of \(container)", durable: false) { database in
            try database.execute(
                sql: "DELETE FROM reservation WHERE container = ? AND (? IS NULL OR network = ?)",
                arguments: [container, network, network])
        }
    }
}
