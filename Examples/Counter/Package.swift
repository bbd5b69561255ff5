// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "counter",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "sluice", path: "../..")],
    targets: [.executableTarget(name: "Counter", dependencies: [.product(name: "Sluice", package: "sluice")])]
)
