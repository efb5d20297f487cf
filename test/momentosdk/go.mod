module momento-bridge/test/momentosdk

go 1.26.0

require momento-bridge v0.0.0

replace momento-bridge => ../..
