// swift-tools-version: 6.2

import PackageDescription

/// Swift 6 language mode plus every upcoming feature that the compiler offers and does not yet turn on by itself.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .treatAllWarnings(as: .error),
]

/// Thread Sanitizer cannot be seen at compile time, so `make tsan` says it through the environment.
let coreSettings = settings + (Context.environment["SLUICE_TSAN"] == nil ? [] : [.define("SLUICE_TSAN")])

let package = Package(
    name: "sluice",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Sluice", targets: ["Sluice"]),
        .library(name: "SluiceTesting", targets: ["SluiceTesting"]),
        .library(name: "SluicePipelines", targets: ["SluicePipelines"]),
        .library(name: "SluicePipelinesTesting", targets: ["SluicePipelinesTesting"]),
        .library(name: "SluiceService", targets: ["SluiceService"]),
        .library(name: "SluiceObservability", targets: ["SluiceObservability"]),
        .library(name: "SluicePostgres", targets: ["SluicePostgres"]),
        .library(name: "SluiceSinks", targets: ["SluiceSinks"]),
        .library(name: "SluiceSinksTesting", targets: ["SluiceSinksTesting"]),
        .library(name: "SluiceKafka", targets: ["SluiceKafka"]),
        .library(name: "SluiceNATS", targets: ["SluiceNATS"]),
        .library(name: "SluicePostgresSink", targets: ["SluicePostgresSink"]),
        .library(name: "SluiceRabbitMQ", targets: ["SluiceRabbitMQ"]),
        .library(name: "SluiceRedis", targets: ["SluiceRedis"]),
        .library(name: "SluiceSQS", targets: ["SluiceSQS"]),
        .library(name: "SluiceWebhook", targets: ["SluiceWebhook"]),
        .executable(name: "sluice", targets: ["SluiceCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.3"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    ],
    targets: [
        .target(
            name: "Sluice",
            dependencies: [.product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: coreSettings
        ),
        .target(name: "SluiceTesting", dependencies: ["Sluice"], swiftSettings: coreSettings),
        .target(
            name: "SluicePipelines",
            dependencies: ["Sluice", .product(name: "DequeModule", package: "swift-collections")],
            swiftSettings: settings
        ),
        .target(name: "SluicePipelinesTesting", dependencies: ["Sluice", "SluicePipelines"], swiftSettings: settings),
        .target(
            name: "SluiceService",
            dependencies: [
                "Sluice", .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "SluiceObservability",
            dependencies: [
                "Sluice", "SluicePipelines", .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "Instrumentation", package: "swift-distributed-tracing"),
                .product(name: "Tracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(
            name: "SluicePostgres",
            dependencies: [
                "Sluice", "CLibPQ", .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "SluiceSinks",
            dependencies: [
                "Sluice", "SluicePostgres", .product(name: "DequeModule", package: "swift-collections"),
                .product(name: "HeapModule", package: "swift-collections"),
                .product(name: "GRDB", package: "GRDB.swift"), .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "SluiceSinksTesting",
            dependencies: ["SluicePostgres", "SluiceSinks"],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CLibRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .target(
            name: "SluiceKafka",
            dependencies: [
                "CLibRDKafka", "Sluice", "SluicePipelines", "SluicePostgres", "SluiceSinks",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            path: "Sources/Connectors/SluiceKafka",
            swiftSettings: settings
        ),
        .target(
            name: "SluicePostgresSink",
            dependencies: ["Sluice", "SluicePostgres", "SluiceSinks"],
            path: "Sources/Connectors/SluicePostgresSink",
            swiftSettings: settings
        ),
        .target(
            name: "SluiceHTTP",
            dependencies: [
                "SluiceSinks", .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Sources/Connectors/SluiceHTTP",
            swiftSettings: settings
        ),
        .target(
            name: "SluiceLeases",
            dependencies: ["SluicePipelines"],
            path: "Sources/Connectors/SluiceLeases",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceLeasesTests",
            dependencies: ["SluiceLeases", "SluicePipelines", "SluiceTesting"],
            swiftSettings: settings
        ),
        .systemLibrary(name: "CLibHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CLibNATS", pkgConfig: "libnats", providers: [.apt(["libnats-dev"])]),
        .systemLibrary(name: "CLibRabbitMQ", pkgConfig: "librabbitmq", providers: [.apt(["librabbitmq-dev"])]),
        .target(
            name: "SluiceNATS",
            dependencies: [
                "CLibNATS", "Sluice", "SluiceLeases", "SluicePipelines", "SluicePostgres", "SluiceSinks",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            path: "Sources/Connectors/SluiceNATS",
            swiftSettings: settings
        ),
        .target(
            name: "SluiceRabbitMQ",
            dependencies: [
                "CLibRabbitMQ", "Sluice", "SluicePipelines", "SluicePostgres", "SluiceSinks",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            path: "Sources/Connectors/SluiceRabbitMQ",
            swiftSettings: settings
        ),
        .target(
            name: "SluiceRedis",
            dependencies: [
                "CLibHiredis", "Sluice", "SluiceLeases", "SluicePipelines", "SluicePostgres", "SluiceSinks",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            path: "Sources/Connectors/SluiceRedis",
            swiftSettings: settings
        ),
        .target(
            name: "SluiceSQS",
            dependencies: [
                "Sluice", "SluiceHTTP", "SluiceLeases", "SluicePipelines", "SluicePostgres", "SluiceSinks",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Connectors/SluiceSQS",
            swiftSettings: settings
        ),
        .target(
            name: "SluiceWebhook",
            dependencies: [
                "SluiceHTTP", "SluicePostgres", "SluiceSinks", .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Connectors/SluiceWebhook",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "SluiceCommand",
            dependencies: [
                "Sluice", "SluiceKafka", "SluiceNATS", "SluicePostgres", "SluicePostgresSink", "SluiceRabbitMQ",
                "SluiceRedis", "SluiceSQS",
                "SluiceSinks", "SluiceWebhook",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "Orders",
            dependencies: ["SluicePipelines", "SluiceSQS", .product(name: "GRDB", package: "GRDB.swift")],
            path: "Examples/Orders",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceTests",
            dependencies: ["Sluice", "SluiceTesting"],
            exclude: ["SCENARIOS.md"],
            swiftSettings: coreSettings
        ),
        .testTarget(
            name: "SluicePipelinesTests",
            dependencies: ["Sluice", "SluicePipelines", "SluiceTesting"],
            exclude: ["SCENARIOS.md"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluicePipelinesTestingTests",
            dependencies: ["Sluice", "SluicePipelines", "SluicePipelinesTesting"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceServiceTests",
            dependencies: [
                "Sluice", "SluicePipelines", "SluiceService", "SluiceTesting",
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceObservabilityTests",
            dependencies: [
                "Sluice", "SluiceObservability", "SluicePipelines", "SluiceTesting",
                .product(name: "InMemoryLogging", package: "swift-log"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
                .product(name: "InMemoryTracing", package: "swift-distributed-tracing"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluicePostgresTests",
            dependencies: ["Sluice", "SluicePostgres", "SluiceTesting"],
            swiftSettings: settings
        ),
        .target(
            name: "SinkTesting",
            dependencies: ["SluiceSinks"],
            path: "Tests/SinkTesting",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceSinksTests",
            dependencies: [
                "SinkTesting", "Sluice", "SluiceSinks", "SluiceSinksTesting", "SluicePostgres", "SluiceTesting",
                .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceSinksTestingTests",
            dependencies: [
                "SluicePostgres", "SluiceSinks", "SluiceSinksTesting", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "KafkaMockCluster",
            dependencies: ["CLibRDKafka"],
            path: "Tests/KafkaMockCluster",
            swiftSettings: settings
        ),
        .target(
            name: "KafkaTesting",
            dependencies: ["SluicePostgres"],
            path: "Tests/KafkaTesting",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "KafkaWorker",
            dependencies: ["SluiceKafka", "SluicePipelines", "SluicePostgres"],
            path: "Tests/KafkaWorker",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceKafkaTests",
            dependencies: [
                "CLibRDKafka", "KafkaMockCluster", "KafkaTesting", "KafkaWorker", "SinkTesting", "Sluice",
                "SluiceKafka", "SluicePipelines", "SluicePipelinesTesting", "SluicePostgres", "SluiceSinks",
                "SluiceSinksTesting", "SluiceTesting",
            ],
            swiftSettings: settings
        ),
        .target(
            name: "ConnectorTesting",
            dependencies: [
                "SluicePostgres", "SluiceSinks",
                .product(name: "NIOCore", package: "swift-nio"), .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ],
            path: "Tests/ConnectorTesting",
            swiftSettings: settings
        ),
        .target(
            name: "NATSTesting",
            dependencies: ["CLibNATS", "ConnectorTesting", "SluicePostgres"],
            path: "Tests/NATSTesting",
            swiftSettings: settings
        ),
        .executableTarget(
            name: "ClusterWorker",
            dependencies: ["Sluice", "SluiceNATS", "SluicePipelines", "SluicePostgres"],
            path: "Tests/ClusterWorker",
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceNATSTests",
            dependencies: [
                "ClusterWorker", "ConnectorTesting", "NATSTesting", "SinkTesting", "Sluice", "SluiceNATS",
                "SluicePipelines", "SluicePipelinesTesting", "SluicePostgres", "SluiceSinks", "SluiceSinksTesting",
                "SluiceTesting", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluicePostgresSinkTests",
            dependencies: [
                "SluicePostgres", "SluicePostgresSink", "SluiceSinks", "SluiceSinksTesting", "SluiceTesting",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceRabbitMQTests",
            dependencies: [
                "CLibRabbitMQ", "ConnectorTesting", "SinkTesting", "Sluice", "SluicePipelines",
                "SluicePipelinesTesting", "SluicePostgres", "SluiceRabbitMQ", "SluiceSinks", "SluiceSinksTesting",
                "SluiceTesting",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceRedisTests",
            dependencies: [
                "ConnectorTesting", "SinkTesting", "Sluice", "SluicePipelines", "SluicePipelinesTesting",
                "SluicePostgres", "SluiceRedis", "SluiceSinks", "SluiceSinksTesting", "SluiceTesting",
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceSQSTests",
            dependencies: [
                "ConnectorTesting", "SinkTesting", "Sluice", "SluiceHTTP", "SluicePipelines", "SluicePipelinesTesting",
                "SluicePostgres", "SluiceSinks", "SluiceSinksTesting", "SluiceSQS", "SluiceTesting",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "SluiceWebhookTests",
            dependencies: [
                "ConnectorTesting", "SinkTesting", "SluiceHTTP", "SluicePostgres", "SluiceSinks", "SluiceSinksTesting",
                "SluiceWebhook",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "ConnectorTesting", "KafkaMockCluster", "KafkaTesting", "NATSTesting", "Sluice", "SluiceCommand",
                "SluicePipelines", "SluicePostgres", "SluiceRabbitMQ", "SluiceSinks",
                "SluiceTesting", .product(name: "GRDB", package: "GRDB.swift"),
            ],
            exclude: ["SCENARIOS.md"],
            swiftSettings: settings
        ),
    ]
)
