'use strict';

// The suite knows these tools as test_simple_text and so on, and what they answer.

exports.simple_text = () => 'This is a simple text response for testing.';

exports.error_handling = () => {
  throw new Error('This tool intentionally returns an error for testing');
};

exports.tool_with_progress = async () => {
  for (const step of [1, 2, 3]) {
    console.log(`step ${step}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return 'done';
};
