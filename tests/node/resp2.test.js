import { defineSession } from './session.js';

defineSession(2);
