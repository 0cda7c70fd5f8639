"""What a kernel says it denied: records in every transport, and the requests behind them."""
