import Foundation
import GRDB
import SluicePipelines
import SluiceSQS

struct Order: Codable, PersistableRecord {
    let id: Int
    let item: String
}

let database = try DatabaseQueue(path: "orders.db")
try database.write { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS 'order' (id INTEGER PRIMARY KEY, item TEXT)") }

let queue = CommandLine.arguments.dropFirst().first ?? ""
let pipeline = Pipeline(
    source: Producers { _ in try SQSSource(queue) },
    processors: Processors(concurrency: 4),
    batchers: [Batcher(size: .count(100), timeout: .milliseconds(500))],
    handler: Handling<String, Order> { message in
        try message.map { try JSONDecoder().decode(Order.self, from: Data($0.utf8)) }
    } batch: { batch in
        try await database.write { [orders = batch.bodies] in for order in orders { try order.upsert($0) } }
    }
)
try await pipeline.run()
